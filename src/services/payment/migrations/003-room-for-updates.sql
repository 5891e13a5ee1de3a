-- A payment is written as it begins and once more with its outcome: where its page has room, no index has to hear of it.
alter table payments set (fillfactor = 60);
