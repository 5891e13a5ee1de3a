-- Catalogue entries are request-owned streams: a row is the state, `version` counts its facts.
create table movies (
  movie_id text primary key,
  title text not null,
  -- Everything else that is known of a movie.
  details json not null,
  version int not null
);
create index movies_by_title on movies (title, movie_id);

create table theatres (
  theatre_id text primary key,
  name text not null,
  location text not null,
  time_zone text not null,
  version int not null
);
create index theatres_by_name on theatres (name, theatre_id);

-- Immutable.
create table seat_plans (
  seat_plan_id text primary key,
  name text not null,
  plan json not null,
  capacity int not null,
  price_categories text[] not null
);
create index seat_plans_by_name on seat_plans (name, seat_plan_id);

create table screens (
  screen_id text primary key,
  theatre_id text not null references theatres,
  number int not null,
  seat_plan_id text not null references seat_plans,
  version int not null,
  unique (theatre_id, number)
);

-- `show` is the record as published. Whoever changes a show locks its screen first, so that two shows never overlap there.
create table shows (
  show_id text primary key,
  movie_id text not null,
  theatre_id text not null,
  screen_id text not null,
  seat_plan_id text not null references seat_plans,
  starts_at timestamptz not null,
  ends_at timestamptz not null,
  state text not null,
  show json not null,
  version int not null
);
create index shows_by_start on shows (starts_at, show_id) where state <> 'withdrawn';
create index shows_by_movie on shows (movie_id, starts_at, show_id) where state <> 'withdrawn';
create index shows_by_theatre on shows (theatre_id, starts_at, show_id) where state <> 'withdrawn';
create index shows_by_screen on shows (screen_id, ends_at) where state = 'scheduled';

-- What was changed of the settings, each change for good: who, when and why. The newest version is in force.
create table setting_changes (
  key text not null,
  version int not null,
  value json not null,
  who text not null,
  changed_at timestamptz not null,
  why text not null,
  primary key (key, version)
);

-- The view `show_sales`.
create table show_sales (
  id text primary key,
  partition int not null,
  body json not null
);
