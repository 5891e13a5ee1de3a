-- People who sign in elsewhere have an account here without a password, and roles that their tokens say.
alter table users add column external boolean not null default false;
