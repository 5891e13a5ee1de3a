import { Argument, Command } from 'commander';
import type { z } from 'zod';
import { serviceNames, topicNamed, topicNames } from '../contracts/topics.ts';
import { type GroupPosition, groupPrefix } from '../operations/lag.ts';
import { type FollowingMark, type TailedRecord, type TailQuery, tail, tailQuery } from '../operations/tail.ts';
import type { TopicDescription, TopicSummary } from '../operations/topics.ts';
import { readConfiguration } from '../runtime/configuration.ts';
import { createLogger } from '../runtime/logger.ts';
import { plainly } from '../runtime/wording.ts';
import { CommandRefused, inLine, say, sayJson, sayTable, WrongUse } from './answers.ts';
import { runningInstance } from './instance.ts';
import { askOrOpen } from './opened.ts';

/** The log: what topics there are, what is on them, how far each group has come. */

interface Items<Item> {
  readonly items: readonly Item[];
}

export function topicsCommand(): Command {
  const command = new Command('topics')
    .description('list or describe the topics of the log')
    .addHelpText('after', '\nExample:\n  fullhouse topics\n  fullhouse topics describe booking-events');
  command
    .command('list', { isDefault: true })
    .description('all topics with their owners and sizes')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  fullhouse topics list')
    .action(async ({ json }: { json?: boolean }) => {
      const { items } = await (await runningInstance()).call<Items<TopicSummary>>('GET', '/ops/topics');
      if (json === true) return sayJson(items);
      sayTable(
        items.map(({ topic, owner, key, partitions, retention, records }) => ({
          topic,
          owner,
          key,
          partitions,
          retention,
          records,
        })),
      );
    });
  command
    .command('describe')
    .argument('<topic>', 'such as booking-events', knownTopic)
    .description('one topic: what it says, its events, the offsets of its partitions')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  fullhouse topics describe booking-events')
    .action(describe);
  command
    .command('create')
    .description(
      'make the topics that are missing on Kafka, and set the others right; on the embedded log nothing is to do',
    )
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  KAFKA_BROKERS=127.0.0.1:9092 fullhouse topics create')
    .action(create);
  return command;
}

async function create({ json }: { json?: boolean }): Promise<void> {
  const configuration = readConfiguration(process.env);
  const logger = createLogger('silent');
  // The other commands start faster without.
  const { topicsOf } = await import('../composition/services.ts');
  const { kafkaAccess } = await import('../runtime/log/kafka/access.ts');
  const { createTopics } = await import('../runtime/log/kafka/topic-admin.ts');
  const access = kafkaAccess(configuration, { clientId: 'fullhouse-topics', logger });
  if (access === undefined) {
    return json === true
      ? sayJson([])
      : say('Nothing to do: in embedded mode all topics are made when Fullhouse starts.');
  }
  const topics = await createTopics(access, topicsOf(configuration.FULLHOUSE_PARTITIONS), {
    replicationFactor: configuration.KAFKA_REPLICATION_FACTOR,
    minInsyncReplicas: configuration.KAFKA_MIN_INSYNC_REPLICAS,
  });
  if (json === true) return sayJson(topics);
  sayTable(
    topics.map(({ topic, partitions, outcome, changes }) => ({
      topic,
      partitions,
      outcome,
      changes: changes.join(', '),
    })),
  );
}

async function describe(name: string, { json }: { json?: boolean }): Promise<void> {
  const instance = await runningInstance();
  for await (const topic of instance.run<TopicDescription>('topic', { name })) {
    if (json === true) return sayJson(topic);
    say(`${topic.topic}: ${topic.says}`);
    say(
      `written by ${topic.owner}, key ${topic.key}, kept ${topic.retention === 'compacted' ? 'compacted' : `for ${topic.retention}`}\n`,
    );
    sayTable(topic.offsets.map(({ partition, first, next }) => ({ partition, first, next })));
    say();
    sayTable(topic.events.map(({ type, version, says }) => ({ event: type, version, says })));
  }
}

export function tailCommand(): Command {
  return new Command('tail')
    .description('show the records of a topic, also when nothing runs')
    .argument('<topic>', 'such as booking-events', knownTopics)
    .option('--key <key>', 'only records with this key')
    .option('--from <offset>', 'from this offset of each partition on (default: the last 10), or "end"')
    .option('--partition <number>', 'only this partition')
    .option('-f, --follow', 'go on with what comes, until Ctrl-C')
    .option('--json', 'print one JSON object per line')
    .addHelpText('after', '\nExample:\n  fullhouse tail booking-events --from 0 --follow')
    .action(runTail);
}

interface TailOptions {
  readonly key?: string;
  readonly from?: string;
  readonly partition?: string;
  readonly follow?: boolean;
  readonly json?: boolean;
}

async function runTail(topics: string, { json, follow, ...given }: TailOptions): Promise<void> {
  const sent = { topics, ...given, ...(follow === true ? { follow: 'true' } : {}) };
  const parsed = tailQuery.safeParse(sent, { error: plainly });
  if (!parsed.success) {
    throw new WrongUse(parsed.error.issues.map(({ path, message }) => `--${path.join('.')}: ${message}`).join('; '));
  }
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort()).once('SIGTERM', () => stop.abort());
  const printed = json === true ? (record: TailedRecord) => say(JSON.stringify(record)) : printRecord;
  const print = (each: TailedRecord | FollowingMark) => {
    if (!('following' in each)) printed(each);
  };
  await askOrOpen(
    async (instance) => {
      try {
        for await (const record of instance.run<TailedRecord | FollowingMark>('tail', sent, stop.signal)) print(record);
      } catch (error) {
        if (!stop.signal.aborted) throw error;
      }
    },
    async (installation) => {
      if (follow === true) throw new CommandRefused('nothing runs, so nothing will come: leave --follow out');
      for await (const record of tail(installation, parsed.data as TailQuery, stop.signal)) print(record);
    },
  );
}

function printRecord({ partition, offset, at, type, key, subject, data }: TailedRecord): void {
  const about = subject === key || subject === '' ? key : `${key} ${subject}`;
  say(inLine(`${partition}@${offset}  ${at}  ${type}  ${about}  ${JSON.stringify(data)}`));
}

export function lagCommand(): Command {
  return new Command('lag')
    .description('how far each consumer group has come, and how much is left')
    .option('--group <name>', 'only this group, such as fullhouse-booking', groupName)
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nA few left while nothing happens are no fault: what a service has read and needs not\nact on is noted with the next that it acts on.' +
        '\n\nExample:\n  fullhouse lag --group fullhouse-booking',
    )
    .action(async ({ group, json }: { group?: string; json?: boolean }) => {
      const query = group === undefined ? '' : `?group=${encodeURIComponent(group)}`;
      const { items } = await (await runningInstance()).call<Items<GroupPosition>>('GET', `/ops/groups${query}`);
      if (json === true) return sayJson(items);
      sayTable(items.map((each) => ({ ...each })));
      say(`\n${items.reduce((sum, each) => sum + each.lag, 0)} records behind in all`);
    });
}

/** For commands that name a topic and an offset. */
export function wholeNumber(name: string, least = 0): (text: string) => number {
  return (text) => {
    if (/^\d{1,15}$/.test(text) && Number(text) >= least) return Number(text);
    throw new WrongUse(`${name} must be a whole number from ${least}, not "${text}"`);
  };
}

/** An id of the kind that a schema takes. */
export function idAs(schema: z.ZodString, name: string): (text: string) => string {
  return (text) => {
    const { success, error } = schema.safeParse(text);
    if (success) return text;
    throw new WrongUse(`${name} ${error.issues[0]?.message}, not "${text}"`);
  };
}

export const serviceArgument = new Argument('<service>', 'such as booking').choices(serviceNames);

/** The name of a topic. */
export function knownTopic(text: string): string {
  if (topicNamed(text) !== undefined) return text;
  throw new WrongUse(`there is no topic ${text}; there are: ${topicNames.join(', ')}`);
}

/** The names of topics, separated by commas. */
function knownTopics(text: string): string {
  return text.split(',').map(knownTopic).join(',');
}

function groupName(text: string): string {
  const groups = serviceNames.map((name) => `${groupPrefix}${name}`);
  if (groups.includes(text) || (serviceNames as readonly string[]).includes(text)) return text;
  throw new WrongUse(`there is no group ${text}; there are: ${groups.join(', ')}`);
}
