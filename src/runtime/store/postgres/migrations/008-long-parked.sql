-- Of an input that is too long to be kept in memory: what is known of it there.
alter table parked add column brief json;
