-- A door is given all tickets of its show, page by page.
create index tickets_by_show on tickets (show_id, id);
