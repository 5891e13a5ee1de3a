-- A booking's document changes some five times: where its page has room, no index has to hear of it.
alter table bookings set (fillfactor = 60);
