-- When a snapshot was last written: one that nobody has needed for long goes, its events stay.
alter table snapshots add column kept_at bigint not null default (extract(epoch from now()) * 1000)::bigint;
create index snapshots_by_age on snapshots (kept_at);
create index operations_by_age on operations (asked_at);
