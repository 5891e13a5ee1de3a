-- What every service's task loop keeps. Times are milliseconds since 1970.

create table tasks (
  partition int primary key,
  epoch bigint not null default 0,
  timeline int not null default 1,
  positions json not null default '{}',
  heads json not null default '{}',
  sequences json not null default '{}',
  published json not null default '{}'
);

-- State, audit trail and outbox in one: never updated, never deleted.
create table events (
  channel text not null,
  partition int not null,
  sequence bigint not null,
  timeline int not null,
  stream text not null,
  stream_version int not null,
  type text not null,
  version int not null,
  subject text not null,
  key text not null,
  time bigint not null,
  causation_id text not null,
  correlation_id text not null,
  traceparent text,
  data json not null,
  primary key (channel, partition, sequence),
  unique (stream, stream_version)
);
create index events_by_subject on events (subject, stream, stream_version);

create table snapshots (
  stream text primary key,
  partition int not null,
  version int not null,
  root json not null
);

create table deadlines (
  stream text not null,
  part text not null,
  partition int not null,
  kind text not null,
  key text not null,
  due_at bigint not null,
  primary key (stream, part)
);

-- The intent is the event of this stream and version.
create table open_effects (
  stream text not null,
  stream_version int not null,
  part text not null,
  kind text not null,
  partition int not null,
  primary key (stream, stream_version)
);

-- How HTTP enters: stored with the answer, taken by the partition's owner.
create table requests (
  request_id text primary key,
  partition int not null,
  intent text not null,
  type text not null,
  key text not null,
  subject text not null,
  stream text,
  stream_version int,
  traceparent text,
  accepted_at bigint not null,
  data json not null
);

create table idempotency_keys (
  scope text not null,
  key text not null,
  body_hash text not null,
  status int not null,
  location text,
  resource text not null,
  stored_at bigint not null,
  primary key (scope, key)
);
create index idempotency_keys_by_age on idempotency_keys (stored_at);

create table parked (
  parked_id text primary key,
  partition int not null,
  subject text not null,
  position bigint not null,
  reason text not null,
  detail text not null,
  arrival json not null,
  parked_at bigint not null,
  wait_until bigint
);

-- The last record of each key of the compacted topics this service reads; null data: erased.
create table reference_records (
  topic text not null,
  key text not null,
  timeline int not null,
  stream_version int not null,
  data json not null,
  primary key (topic, key)
);

-- The epoch fence: advances the rows of a batch's tasks, or raises `FH001` with the partitions that moved on.
create function advance_tasks(
  partitions int[], epochs bigint[], new_positions json[], new_heads json[], new_sequences json[], new_published json[]
) returns void language plpgsql as $$
declare
  moved int[];
begin
  update tasks t
    set positions = b.positions, heads = b.heads, sequences = b.sequences, published = b.published
    from unnest(partitions, epochs, new_positions, new_heads, new_sequences, new_published)
      as b(partition, epoch, positions, heads, sequences, published)
    where t.partition = b.partition and t.epoch = b.epoch;
  select array_agg(b.partition) into moved
    from unnest(partitions, epochs) as b(partition, epoch)
    left join tasks t on t.partition = b.partition and t.epoch = b.epoch
    where t.partition is null;
  if moved is not null then
    raise exception 'tasks % have another owner', moved using errcode = 'FH001', detail = array_to_string(moved, ',');
  end if;
end $$;

-- A request row is taken once: a row that is gone already raises `FH002`.
create function take_requests(ids text[]) returns void language plpgsql as $$
declare
  taken int;
begin
  delete from requests where request_id = any (ids);
  get diagnostics taken = row_count;
  if taken <> cardinality(ids) then
    raise exception '% of % requests were taken before', cardinality(ids) - taken, cardinality(ids) using errcode = 'FH002';
  end if;
end $$;
