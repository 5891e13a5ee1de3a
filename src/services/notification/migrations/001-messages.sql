-- Confirmed bookings by show: who is told when a show moves, and which places a message names.
create table bookings (
  id text primary key,
  partition int not null,
  body json not null,
  show_id text not null,
  confirmed boolean not null
);

create index bookings_confirmed_by_show on bookings (show_id, id) where confirmed;

-- Messages a person may have to look at: those that did not simply arrive.
create table troubled_messages (
  id text primary key,
  partition int not null,
  body json not null,
  booking_id text not null,
  status text not null,
  since timestamptz not null
);

create index troubled_messages_open on troubled_messages (since, id) where status in ('unknown', 'failed');

-- Sendings that were begun on a channel without idempotency keys: begun once, never again by themselves.
create table sendings (
  delivery_key text primary key,
  begun_at timestamptz not null default now()
);

-- What the channels of the embedded mode received.
create table inbox_messages (
  position bigint generated always as identity primary key,
  delivery_key text not null unique,
  message_id text not null,
  user_id text not null,
  booking_id text,
  kind text not null,
  channel text not null,
  recipient text not null,
  subject text not null,
  text text not null,
  at timestamptz not null default now()
);

create index inbox_messages_by_booking on inbox_messages (booking_id, position) where booking_id is not null;
create index inbox_messages_by_user on inbox_messages (user_id, position);
