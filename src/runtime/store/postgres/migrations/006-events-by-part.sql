-- Most streams have no parts: there the subject is the stream, and the index of streams finds it already.
create index events_by_part on events (subject, stream, stream_version) where subject <> stream;
drop index events_by_subject;
