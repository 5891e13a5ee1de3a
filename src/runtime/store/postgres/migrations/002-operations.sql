-- What operators ask of the owner of a task, wherever it runs: taken once, answered here.
create table operations (
  operation_id text primary key,
  partition int not null,
  operation text not null,
  input json not null,
  -- asked, taken, and then done, refused or failed
  state text not null default 'asked',
  answer json,
  asked_at timestamptz not null default now()
);
