-- What finds the sessions and tokens that nobody can use any more.
create index refresh_tokens_by_expiry on refresh_tokens (expires_at);
create index user_sessions_ended on user_sessions (ended_at) where ended_at is not null;
create index password_resets_by_expiry on password_resets (expires_at);
