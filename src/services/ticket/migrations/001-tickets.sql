-- Tickets as they were issued. The row is what voiding changes and the door locks.
create table tickets (
  id text primary key,
  partition int not null,
  body json not null,
  booking_id text not null,
  show_id text not null,
  seat text,
  status text not null
);

create index tickets_by_booking on tickets (booking_id, id);
-- The second wall: whatever a decider thinks, a seat has one valid ticket.
create unique index tickets_one_per_seat on tickets (show_id, seat) where seat is not null and status <> 'void';

-- Who was let in, once each: a table of its own, so that neither the door nor the view overwrites the other.
create table admissions (
  ticket_id text primary key,
  admitted_at timestamptz not null,
  gate text not null,
  by_user text not null
);

-- Whose booking it is, before there are tickets that say so.
create table booking_owners (
  booking_id text primary key,
  user_id text not null
);
