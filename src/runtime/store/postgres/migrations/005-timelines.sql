-- A timeline is raised when a database was restored, in the transaction that brings back what it lacks. The fence without it
-- stays for instances of the version before.
create function advance_tasks(
  partitions int[], epochs bigint[], new_timelines int[], new_positions json[], new_heads json[], new_sequences json[],
  new_published json[]
) returns void language plpgsql as $$
declare
  moved int[];
begin
  update tasks t
    set timeline = b.timeline, positions = b.positions, heads = b.heads, sequences = b.sequences, published = b.published
    from unnest(partitions, epochs, new_timelines, new_positions, new_heads, new_sequences, new_published)
      as b(partition, epoch, timeline, positions, heads, sequences, published)
    where t.partition = b.partition and t.epoch = b.epoch;
  select array_agg(b.partition) into moved
    from unnest(partitions, epochs) as b(partition, epoch)
    left join tasks t on t.partition = b.partition and t.epoch = b.epoch
    where t.partition is null;
  if moved is not null then
    raise exception 'tasks % have another owner', moved using errcode = 'FH001', detail = array_to_string(moved, ',');
  end if;
end $$;
