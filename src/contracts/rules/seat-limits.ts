/** What seat plans are held to, for whoever checks one without its schemas. */
export const seatsPerPlanMax = 65_536;
export const areaCapacityMax = 5_000_000;
export const rowsPerSectionMax = 500;
/** What ids of sections, rows, areas and seats are made of. */
export const seatSyntax = /^[A-Za-z0-9._-]{1,40}$/;
