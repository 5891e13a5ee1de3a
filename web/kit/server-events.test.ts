import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventsIn, type ServerEvent } from './server-events.ts';

/** Reads a stream that comes in these pieces. */
async function read(...pieces: readonly string[]): Promise<readonly ServerEvent[]> {
  const stream = new ReadableStream<string>({
    start(controller) {
      for (const piece of pieces) controller.enqueue(piece);
      controller.close();
    },
  });
  const events: ServerEvent[] = [];
  for await (const event of eventsIn(stream)) events.push(event);
  return events;
}

test('events are read whole, however the network cuts them', async () => {
  const text = ': hello\n\nid: 7\nevent: delta\ndata: {"seats":[[1,2]]}\n\nevent: snapshot\ndata: {"a":\ndata: 1}\n\n';
  const expected = [
    { event: 'delta', id: '7', data: { seats: [[1, 2]] } },
    { event: 'snapshot', data: { a: 1 } },
  ];
  assert.deepEqual(await read(text), expected);
  assert.deepEqual(await read(...text), expected);
});

test('an event that never ended is none', async () => {
  assert.deepEqual(await read('data: 1\n\ndata: 2\n'), [{ event: 'message', data: 1 }]);
});
