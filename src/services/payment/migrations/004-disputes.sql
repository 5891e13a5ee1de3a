-- Charges that a customer's bank disputes: listed for a person while they are open.
create table disputes (
  id text primary key,
  partition int not null,
  body json not null,
  booking_id text not null,
  show_id text not null,
  status text not null,
  since timestamptz not null
);

create index disputes_open on disputes (since, id) where status = 'open';
