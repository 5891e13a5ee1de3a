-- A door is given all tickets of its show, page by page, and then those that were used since.
create index tickets_by_show on tickets (show_id, id);
-- When it was written down, which is later than `admitted_at` where a door had no network.
alter table admissions add column recorded_at timestamptz not null default now();
