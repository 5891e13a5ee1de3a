import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fromHeaders, type Headers, toHeaders } from './envelope.ts';
import { publication, type Topic, topics } from './topics.ts';

/**
 * Golden samples: one record of every event version that was ever published, as it went over the wire. They are never
 * changed; whoever reads or writes today must still understand each of them.
 */
interface Sample {
  readonly topic: string;
  readonly key: string;
  readonly headers: Headers;
  readonly value: unknown;
}

const folder = new URL('./samples/', import.meta.url);
const samples = readdirSync(folder)
  .filter((file) => file.endsWith('.json'))
  .map((file) => ({ file, sample: JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Sample }));

describe('golden samples', () => {
  it('has one of every event version there is', () => {
    const wanted = Object.values<Topic>(topics).flatMap((topic) =>
      topic.events.map(({ type, version }) => `${type}.v${version}.json`),
    );
    const files = new Set(samples.map(({ file }) => file));
    assert.deepEqual(
      wanted.filter((file) => !files.has(file)),
      [],
    );
  });

  for (const { file, sample } of samples) {
    it(`reads ${file}`, () => {
      const envelope = fromHeaders(sample.headers);
      const published = publication(envelope.type);
      assert.equal(published?.topic.name, sample.topic);
      assert.equal(published.definition.version, envelope.version);
      const data = published.definition.data.parse(sample.value);
      // Readers ignore what they do not know, and lose nothing of what they do.
      assert.deepEqual(published.definition.data.parse({ ...(sample.value as object), addedLater: true }), data);
      assert.deepEqual(JSON.parse(JSON.stringify(data)), sample.value);
    });

    it(`writes the headers of ${file}`, () => {
      assert.deepEqual(toHeaders({ ...fromHeaders(sample.headers), data: sample.value }), sample.headers);
    });
  }
});
