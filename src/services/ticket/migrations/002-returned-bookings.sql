-- Bookings whose tickets were given back before anybody was let in: no door lets anybody in with them from then on.
create table returned_bookings (
  booking_id text primary key
);
