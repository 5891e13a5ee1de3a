-- Accounts are request-owned streams: the row is the state, `version` counts its facts on `user-profiles`.
-- An erased account keeps its id and nothing that is personal.
create table users (
  user_id text primary key,
  email text unique,
  name text,
  phone text,
  locale text,
  roles text[] not null,
  password_hash text,
  version int not null,
  created_at timestamptz not null default now(),
  erased_at timestamptz
);

-- A session is one family of refresh tokens; ended, none of them works.
create table user_sessions (
  session_id text primary key,
  user_id text not null references users,
  created_at timestamptz not null default now(),
  ended_at timestamptz
);
create index user_sessions_by_user on user_sessions (user_id);

-- Only hashes: who reads this table cannot sign in with it.
create table refresh_tokens (
  token_hash text primary key,
  session_id text not null references user_sessions on delete cascade,
  expires_at timestamptz not null,
  used_at timestamptz
);
create index refresh_tokens_by_session on refresh_tokens (session_id);

create table password_resets (
  token_hash text primary key,
  user_id text not null references users,
  expires_at timestamptz not null,
  used_at timestamptz
);

-- Attempts to sign in, by a hash of what was tried: an address that is not registered is personal too.
create table login_attempts (
  subject_hash text primary key,
  window_start timestamptz not null,
  attempts int not null
);
create index login_attempts_by_window on login_attempts (window_start);

create table signing_keys (
  kid text primary key,
  public_jwk json not null,
  private_jwk json not null,
  created_at timestamptz not null default now(),
  retired_at timestamptz
);

-- The view `bookings`.
create table bookings (
  id text primary key,
  partition int not null,
  body json not null,
  user_id text not null,
  show_id text not null,
  status text not null,
  created_at timestamptz not null
);
-- Booking ids sort by time, so one index finds and orders a person's bookings.
create index bookings_by_user on bookings (user_id, id desc);
create index bookings_by_show on bookings (show_id, id desc);
