-- A show that people have to wait for. What joined before its sale opens is drawn by lot with the seed, whose hash everybody
-- knows from the beginning; turns up to `called` may come in.
create table waiting_rooms (
  show_id text primary key,
  seed text not null,
  inside_max int,
  joined int not null default 0,
  drawn int,
  called int not null default 0,
  inside int not null default 0,
  moved_at timestamptz not null default now(),
  opened_by text not null,
  opened_at timestamptz not null default now()
);

-- One place for each customer: the number they came as, and their turn once that is known.
create table waiting_places (
  show_id text not null references waiting_rooms on delete cascade,
  user_id text not null,
  place int not null,
  turn int,
  joined_at timestamptz not null default now(),
  called_at timestamptz,
  let_in_at timestamptz,
  booked_at timestamptz,
  primary key (show_id, user_id)
);
create unique index waiting_places_by_turn on waiting_places (show_id, turn);
create index waiting_places_by_user on waiting_places (user_id);
-- Who is inside, and who was called and has not come yet.
create index waiting_places_inside on waiting_places (show_id, let_in_at) where booked_at is null and let_in_at is not null;
create index waiting_places_called on waiting_places (show_id, called_at) where let_in_at is null and called_at is not null;
