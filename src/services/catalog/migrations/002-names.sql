-- The same letters are the same name, however they were typed (NFC): what was stored before is found by it too.
update movies set title = normalize(title) where title is not nfc normalized;
update theatres set name = normalize(name) where name is not nfc normalized;
update seat_plans set name = normalize(name) where name is not nfc normalized;
