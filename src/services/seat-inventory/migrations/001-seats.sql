-- The second wall: a seat of a show belongs to one booking, held or sold. The decider never lets it come to this; if it
-- ever did, the batch would fail here before anybody was told.
create table allocations (
  show_id text not null,
  seat_index int not null,
  booking_id text not null,
  primary key (show_id, seat_index)
);
create index allocations_by_booking on allocations (booking_id);

-- The same for places without a number: never more than the area holds.
create table area_allocations (
  show_id text not null,
  area text not null,
  held_or_sold int not null,
  capacity int not null,
  primary key (show_id, area),
  constraint places_left check (held_or_sold between 0 and capacity)
);

-- The view `block_requests`: what became of a request of the organizer.
create table block_requests (
  id text primary key,
  partition int not null,
  body json not null
);
