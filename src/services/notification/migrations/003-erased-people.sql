-- What the inbox holds of a person goes with the person: in the transaction that stores the tombstone of the profile.
create function forget_erased() returns trigger language plpgsql as $$
begin
  update inbox_messages set recipient = '', subject = '', text = '' where user_id = new.key;
  return null;
end $$;

create trigger forget_erased after insert or update on reference_records
  for each row when (new.topic = 'user-profiles' and new.data::text = 'null') execute function forget_erased();
