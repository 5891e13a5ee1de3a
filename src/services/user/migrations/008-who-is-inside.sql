-- When somebody inside a waiting room was last heard of; null where an older build let them in, or takes what they ask.
alter table waiting_places add column heard_at timestamptz;
