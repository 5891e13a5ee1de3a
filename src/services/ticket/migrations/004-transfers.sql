-- Tickets that are offered or were given to somebody else. Who took one last holds the ticket, in a table of its own, so that neither
-- the door nor the view of tickets overwrites it.
create table transfers (
  transfer_id text primary key,
  ticket_id text not null,
  from_user text not null,
  to_user text,
  -- What the ticket becomes by it; its code says it.
  issue int not null,
  status text not null check (status in ('offered', 'accepted', 'withdrawn')),
  -- SHA-256 of the secret in the link; unknown of what a restored database was told again.
  secret_hash text unique,
  offered_at timestamptz not null,
  ended_at timestamptz
);

create unique index transfers_one_open on transfers (ticket_id) where status = 'offered';
-- The second wall: whatever a decider thinks, each issue of a ticket is taken once.
create unique index transfers_one_of_issue on transfers (ticket_id, issue) where status = 'accepted';
create index transfers_by_giver on transfers (from_user, ticket_id);
create index transfers_by_receiver on transfers (to_user, transfer_id) where status = 'accepted';
-- A door is told of those of its show that were given away since.
create index transfers_taken on transfers (ended_at) where status = 'accepted';
-- What was taken back is forgotten after a while.
create index transfers_withdrawn on transfers (ended_at) where status = 'withdrawn';

-- How often somebody has tried to take a ticket within a minute.
create table acceptance_attempts (
  subject_hash text primary key,
  window_start timestamptz not null,
  attempts int not null
);
create index acceptance_attempts_by_window on acceptance_attempts (window_start);
