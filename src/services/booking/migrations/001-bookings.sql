-- What the fan-out of a cancelled show and the auditor read: one small row per booking.
create table bookings (
  id text primary key,
  partition int not null,
  body json not null,
  show_id text not null,
  status text not null,
  ended boolean not null
);

create index bookings_open_by_show on bookings (show_id, id) where not ended;
