-- What people call a booking by says how its id ends (src/contracts/rules/booking-number.ts). Ids never change, so updates pass it by.
create index bookings_by_number on bookings (right(id, 10));
