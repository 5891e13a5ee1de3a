-- What finds the messages that are kept long enough.
create index sendings_by_age on sendings (begun_at);
create index inbox_messages_by_age on inbox_messages (at);
