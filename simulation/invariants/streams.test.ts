import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Evidence } from './evidence.ts';
import { eventsOnTopics } from './streams.ts';

/** A stream of two events whose records with these versions are on the topic. */
function findings(channel: string, versions: readonly number[]): readonly string[] {
  const stream = 'a-stream';
  const events = [1, 2].map((streamVersion) => ({
    ...{ channel, partition: 0, sequence: streamVersion, timeline: 1, stream, streamVersion },
  }));
  const records = versions.map((version) => ({ headers: { ce_id: `${stream}/${version}` } }));
  const evidence = {
    stored: new Map([['its owner', { events }]]),
    records: new Map([[`${channel}/0`, records]]),
  };
  return [...eventsOnTopics.examine(evidence as unknown as Evidence)];
}

describe('what is looked for on topics', () => {
  it('is every event, in its order', () => {
    assert.deepEqual(findings('booking', [1, 2, 1]), []);
    assert.match(findings('booking', [2]).join(), /has 2 events for booking\/0, which holds 1/);
    assert.match(findings('booking', [2, 1]).join(), /has a-stream\/2 where its owner decided a-stream\/1/);
  });

  it('is on a compacted topic the last of each stream, and nothing that was not decided', () => {
    assert.deepEqual(findings('catalog', [2]), []);
    assert.deepEqual(findings('catalog', [2, 1]), []);
    assert.match(findings('catalog', [1]).join(), /a-stream\/2 for catalog\/0, which holds nothing as late/);
    assert.match(findings('catalog', [2, 3]).join(), /has a-stream\/3, which its owner has not decided/);
  });
});
