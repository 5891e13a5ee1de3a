-- The sandbox provider's own books, in a database of its own.
create table if not exists ledger (
  entry_id text primary key,
  key text not null unique,
  type text not null check (type in ('charge', 'refund')),
  booking_id text not null,
  amount bigint not null,
  currency text not null,
  outcome text not null check (outcome in ('succeeded', 'declined')),
  error_code text,
  charge_key text,
  created_at bigint not null,
  due_at bigint not null,
  webhook text not null check (webhook in ('none', 'open'))
);

create index if not exists ledger_refunds on ledger (charge_key) where charge_key is not null;
create index if not exists ledger_webhooks on ledger (due_at) where webhook = 'open';
create index if not exists ledger_by_booking on ledger (booking_id);
