-- Charges and refunds for people and webhooks: one row each.
create table payments (
  id text primary key,
  partition int not null,
  body json not null,
  booking_id text not null,
  show_id text not null,
  status text not null,
  since timestamptz not null
);

create index payments_unsettled on payments (since, id) where status = 'unsettled';

create table refunds (
  id text primary key,
  partition int not null,
  body json not null,
  booking_id text not null,
  show_id text not null,
  status text not null,
  since timestamptz not null
);

create index refunds_failed on refunds (since, id) where status = 'failed';

-- The second wall: whatever a decider thinks, a booking is paid once. A surplus capture is one that had been called
-- failed before; it goes back.
create table captures (
  payment_id text primary key,
  booking_id text not null,
  amount bigint not null,
  currency text not null,
  surplus boolean not null
);

create unique index captures_one_per_booking on captures (booking_id) where not surplus;

-- Webhooks that are genuine and match nothing: stored, listed, never dropped.
create table unmatched_webhooks (
  provider text not null,
  webhook_id text not null,
  received_at timestamptz not null default date_trunc('milliseconds', now()),
  reason text not null,
  body text not null,
  primary key (provider, webhook_id)
);
