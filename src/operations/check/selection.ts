/** Which bookings: a range of ids, both ends excluded and included, or just these. */
export type Selection = { readonly after: string; readonly upTo: string } | { readonly ids: readonly string[] };

/** Before and after every booking id. */
export const firstBooking = 'bkg_';
export const lastBooking = 'bkg`';
