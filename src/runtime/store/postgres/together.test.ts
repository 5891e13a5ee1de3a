import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Together } from './together.ts';

describe('statements as one', () => {
  const fence = { name: 'fence', text: 'select fence($1, $2)', values: [1, 2] };
  const insert = { name: 'insert', text: 'insert into t select * from unnest($1::int[])', values: [[3]] };

  it('keep their order and their own parameters, and functions are asked', () => {
    assert.deepEqual(new Together().of([fence, insert, fence]), {
      name: 'together-1',
      text: 'with p0 as (select fence($1, $2)), p1 as (insert into t select * from unnest($3::int[])), p2 as (select fence($4, $5)) select (select count(*) from p0), (select count(*) from p2)',
      values: [1, 2, [3], 1, 2],
    });
    assert.equal(
      new Together().of([insert])?.text,
      'with p0 as (insert into t select * from unnest($1::int[])) select 1',
    );
  });

  it('have one name for one combination, and go one by one when there are too many combinations', () => {
    const together = new Together();
    const names = [[insert], [fence, insert], [insert]].map((each) => together.of(each)?.name);
    assert.deepEqual(names, ['together-1', 'together-2', 'together-1']);
    for (let count = 0; count < 100; count += 1) together.of([{ ...insert, name: `other-${count}` }]);
    assert.equal(together.of([{ ...insert, name: 'one more' }]), undefined);
    assert.equal(together.of([insert])?.name, 'together-1');
  });

  it('are functions and one that writes: several may follow from one another', () => {
    const taken = [[insert], [fence, fence], [insert, fence], [insert, insert], [{ text: 'do $$ begin end $$' }]];
    assert.deepEqual(taken.map(Together.takes), [true, true, true, false, false]);
  });
});
