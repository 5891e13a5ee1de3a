-- A timer that is put off stays on its page where that has room, so that no index has to hear of it.
alter table deadlines set (fillfactor = 60);
