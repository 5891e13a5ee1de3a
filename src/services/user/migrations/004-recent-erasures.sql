-- Who was erased of late is looked up every second: there are few of them among all users.
create index users_erased on users (erased_at) where erased_at is not null;
