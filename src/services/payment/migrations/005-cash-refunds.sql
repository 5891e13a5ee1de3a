-- Cash that is to be handed out: listed for a person until it was.
create index refunds_due on refunds (since, id) where status = 'due';
