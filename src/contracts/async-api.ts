import { z } from 'zod';
import type { EventDefinition } from './event.ts';
import { type Topic, topics } from './topics.ts';

/** The AsyncAPI 3.0 description of the topics, made from the schemas that read and write them. */
export function asyncApi(info: { readonly title: string; readonly version: string; readonly description: string }) {
  const all = Object.values<Topic>(topics);
  return {
    asyncapi: '3.0.0',
    info: { ...info, license: { name: 'Apache-2.0' } },
    defaultContentType: 'application/json',
    channels: Object.fromEntries(all.map((topic) => [topic.name, channelOf(topic)])),
    operations: Object.fromEntries(all.map((topic) => [`publish-${topic.name}`, operationOf(topic)])),
    components: {
      messages: Object.fromEntries(
        all.flatMap((topic) => topic.events.map((event) => [event.type, messageOf(topic, event)])),
      ),
      messageTraits: { cloudEvent: { headers: cloudEventHeaders } },
    },
  };
}

const text = (description: string) => ({ type: 'string', description });

/** CloudEvents 1.0, Kafka protocol binding, binary content mode; every header is UTF-8 text. */
const cloudEventHeaders = {
  type: 'object',
  required: ['ce_specversion', 'ce_id', 'ce_type', 'ce_source', 'ce_subject'],
  properties: {
    ce_specversion: { const: '1.0' },
    ce_id: text('Stream and stream version; unique together with ce_source.'),
    ce_type: text('The name of the event.'),
    ce_source: text('/fullhouse/<service>'),
    ce_time: text('When it was decided (RFC 3339, UTC).'),
    ce_subject: text('The bookingId, or the showId for facts about the whole show.'),
    ce_dataversion: text('Major version of the payload schema; 1 where absent.'),
    ce_streamversion: text('Counts the events of the stream.'),
    ce_causationid: text('Id of the message this one follows from.'),
    ce_correlationid: text('Id of the booking the whole story is about.'),
    ce_sequence: text(
      "The producer's own count in this topic partition: contiguous; a repeated number is a repeated event.",
    ),
    ce_timeline: text("Raised when the producer's database was restored."),
    traceparent: text('W3C Trace Context.'),
    'content-type': { const: 'application/json' },
  },
};

function channelOf(topic: Topic) {
  return {
    address: topic.name,
    description: `${topic.says} Written by ${topic.owner} alone.`,
    messages: Object.fromEntries(topic.events.map(({ type }) => [type, { $ref: `#/components/messages/${type}` }])),
    bindings: {
      kafka: {
        topic: topic.name,
        ...(topic.partitions === 'one' ? { partitions: 1 } : {}),
        topicConfiguration: {
          'cleanup.policy': [topic.retentionDays === 'compacted' ? 'compact' : 'delete'],
          ...(topic.retentionDays === 'compacted' ? {} : { 'retention.ms': topic.retentionDays * 86_400_000 }),
        },
        bindingVersion: '0.5.0',
      },
    },
  };
}

function operationOf(topic: Topic) {
  return {
    action: 'send',
    channel: { $ref: `#/channels/${topic.name}` },
    summary: topic.says,
    messages: topic.events.map(({ type }) => ({ $ref: `#/channels/${topic.name}/messages/${type}` })),
  };
}

function messageOf(topic: Topic, event: EventDefinition) {
  const { $schema: _, ...payload } = z.toJSONSchema(event.data, { io: 'output', unrepresentable: 'any' }) as Record<
    string,
    unknown
  >;
  return {
    name: event.type,
    title: event.type,
    summary: event.says,
    contentType: 'application/json',
    traits: [{ $ref: '#/components/messageTraits/cloudEvent' }],
    payload,
    bindings: { kafka: { key: { type: 'string', description: topic.key }, bindingVersion: '0.5.0' } },
  };
}

/** The topic catalogue as a page for people. */
export function topicsPage(): string {
  const lines = [
    '# Topics',
    '',
    'Every topic has exactly one writing service. Topics about shows have key = showId and the same number of partitions, so',
    'that everything about a show travels in one partition number. This page is made from `src/contracts/topics.ts`; payloads',
    'and headers are described in `docs/api/asyncapi.json`.',
    '',
    '| topic | written by | key | partitions | kept | what is on it |',
    '|---|---|---|---|---|---|',
  ];
  for (const topic of Object.values<Topic>(topics)) {
    const kept = topic.retentionDays === 'compacted' ? 'last record of each key' : `${topic.retentionDays} days`;
    const partitions = topic.partitions === 'one' ? '1' : 'as configured';
    lines.push(`| \`${topic.name}\` | ${topic.owner} | ${topic.key} | ${partitions} | ${kept} | ${topic.says} |`);
  }
  for (const topic of Object.values<Topic>(topics)) {
    lines.push('', `## ${topic.name}`, '');
    for (const { type, version, says } of topic.events) lines.push(`- **${type}** (version ${version}): ${says}`);
  }
  return `${lines.join('\n')}\n`;
}
