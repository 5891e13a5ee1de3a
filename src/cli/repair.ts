import { Command } from 'commander';
import { topicNamed } from '../contracts/topics.ts';
import type { RebuildProgress, Rebuilt } from '../operations/rebuild.ts';
import type { ReplayedPartition } from '../operations/replay.ts';
import type { Republished } from '../operations/republish.ts';
import { restored, restoredQuery } from '../operations/restored.ts';
import type { ShadowReplay } from '../operations/shadow-replay.ts';
import type { Recalled } from '../runtime/recall/recall.ts';
import { CommandRefused, progress, say, sayJson, sayTable, WrongUse } from './answers.ts';
import { runningInstance } from './instance.ts';
import { knownTopic, serviceArgument, wholeNumber } from './log.ts';
import { askOrOpen } from './opened.ts';

/** Reading again, making anew, repeating: what a person does when something went missing. */

export function replayCommand(): Command {
  return new Command('replay')
    .description('read records again; changes nothing that is applied, sends nothing')
    .addArgument(serviceArgument)
    .option('--topic <name>', 'only this input of the service', knownTopic)
    .option('--from <offset>', 'from this offset on (default: the first)', wholeNumber('--from'))
    .option('--shadow', 'fold what is stored into an empty store instead, and compare the two')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExample:\n  fullhouse replay booking --topic seat-events --from 0\n  fullhouse replay booking --shadow',
    )
    .action(async (service: string, { json, shadow = false, ...query }: ReplayOptions) => {
      if (shadow && (query.topic ?? query.from) !== undefined)
        throw new WrongUse('--shadow takes all there is: leave --topic and --from out');
      if (shadow) return replayInShadow(service, json === true);
      const replayed: ReplayedPartition[] = [];
      const waiting = progress();
      for await (const each of (await runningInstance()).run<ReplayedPartition>('replay', { service, ...query })) {
        replayed.push(each);
        waiting.tell(`${each.topic}/${each.partition}: ${each.read} records read again`);
      }
      waiting.done();
      if (json === true) return sayJson(replayed);
      sayTable(replayed.map((each) => ({ ...each })));
      const total = (name: 'read' | 'dropped' | 'applied') => replayed.reduce((sum, each) => sum + each[name], 0);
      say(`\n${total('read')} records read again: ${total('dropped')} known already, ${total('applied')} applied`);
    });
}

interface ReplayOptions {
  readonly json?: boolean;
  readonly shadow?: boolean;
  readonly topic?: string;
  readonly from?: number;
}

async function replayInShadow(service: string, json: boolean): Promise<void> {
  const waiting = progress();
  let replayed: ShadowReplay | undefined;
  const lines = (await runningInstance()).run<ShadowReplay | { folded: number }>('shadow-replay', { name: service });
  for await (const line of lines) {
    if ('tables' in line) replayed = line;
    else waiting.tell(`${line.folded} facts and records folded`);
  }
  waiting.done();
  if (replayed === undefined) throw new CommandRefused('the instance did not say how it went');
  if (json) sayJson(replayed);
  else printShadow(replayed);
  if (!replayed.equal) process.exitCode = 1;
}

function printShadow({ folded, tables, intended, incomplete, equal }: ShadowReplay): void {
  say(`${folded} facts and records folded into an empty store\n`);
  sayTable(
    tables.map(({ table, rows, rebuiltRows, equal: same }) => ({
      table,
      rows,
      rebuilt: rebuiltRows,
      same: same ? 'yes' : 'no',
    })),
  );
  const { effects, answered, open, overtaken, missing } = intended;
  say(`\n${effects} effects intended: ${answered} answered, ${open} open, ${overtaken} answered otherwise`);
  if (missing.length > 0) say(`nobody knows what became of ${missing.join(', ')}`);
  for (const each of incomplete) say(`records are gone: ${each}`);
  say(equal ? 'Both stores are the same.' : 'The stores differ.');
}

export function rebuildCommand(): Command {
  return new Command('rebuild')
    .description('make a projection anew, compare the two by hash, put the new one in its place')
    .argument('<projection>', 'such as user.bookings')
    .option('--force', 'replace it although they differ or records are gone')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  fullhouse rebuild user.bookings')
    .action(async (projection: string, { force = false, json }: { force?: boolean; json?: boolean }) => {
      await checkProjection(projection);
      const waiting = progress();
      let rebuilt: Rebuilt | undefined;
      for await (const line of (await runningInstance()).run<Rebuilt | RebuildProgress>('rebuild', {
        projection,
        force,
      })) {
        if ('swapped' in line) rebuilt = line;
        else waiting.tell(`${line.folded} facts and records folded`);
      }
      waiting.done();
      if (rebuilt === undefined) throw new CommandRefused('the instance did not say how it went');
      if (json === true) sayJson(rebuilt);
      else printRebuilt(rebuilt);
      if (!rebuilt.swapped) process.exitCode = 1;
    });
}

/** Refuses what names no projection, or, without its service's name, more than one. */
async function checkProjection(name: string): Promise<void> {
  const { definitions } = await import('../composition/services.ts');
  const names = definitions.flatMap((each) => (each.views ?? []).map((view) => `${each.name}.${view.name}`));
  const meant = names.filter((known) => known === name || known.endsWith(`.${name}`));
  if (meant.length === 0) throw new WrongUse(`there is no projection ${name}; there are: ${names.join(', ')}`);
  if (meant.length > 1) throw new WrongUse(`there are several projections ${name}: ${meant.join(', ')}`);
}

function printRebuilt({
  service,
  projection,
  folded,
  rows,
  rebuiltRows,
  hash,
  rebuiltHash,
  equal,
  differing,
  incomplete,
  swapped,
}: Rebuilt): void {
  say(`${service}.${projection}: ${folded} facts and records folded`);
  say(`in use:  ${rows} rows, hash ${hash}`);
  say(`rebuilt: ${rebuiltRows} rows, hash ${rebuiltHash}`);
  if (!equal) say(`they differ, among others in ${differing.join(', ')}`);
  for (const each of incomplete) say(`records are gone: ${each}`);
  say(swapped ? 'The new one is in use.' : 'The old one stays in use; --force replaces it.');
}

export function republishCommand(): Command {
  return new Command('republish')
    .description("repeat a service's events from a sequence on; consumers drop what they know")
    .addArgument(serviceArgument)
    .requiredOption('--topic <name>', 'the topic with the gap', knownTopic)
    .requiredOption('--partition <number>', 'its partition', wholeNumber('--partition'))
    .requiredOption('--from <sequence>', 'the first missing sequence', wholeNumber('--from', 1))
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  fullhouse republish booking --topic booking-events --partition 2 --from 1041')
    .action(
      async (
        service: string,
        { json, ...query }: { json?: boolean; topic: string; partition: number; from: number },
      ) => {
        const owner = topicNamed(query.topic)?.owner;
        if (owner !== service) throw new WrongUse(`${query.topic} is published by ${owner}, not by ${service}`);
        const waiting = progress();
        let last: Republished | undefined;
        for await (const each of (await runningInstance()).run<Republished>('republish', { service, ...query })) {
          last = each;
          waiting.tell(`${each.events} events repeated`);
        }
        waiting.done();
        if (json === true) return sayJson(last);
        const place = `${query.topic}/${query.partition}`;
        if (last === undefined || last.events === 0)
          return say(`nothing is stored for ${place} from sequence ${query.from} on`);
        say(`${last.events} events of ${place} repeated, up to sequence ${last.last}`);
      },
    );
}

export function restoredCommand(): Command {
  return new Command('restored')
    .description("after a service's database was restored from a backup: bring back what its topics tell")
    .addArgument(serviceArgument)
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  fullhouse restored booking')
    .action(async (service: string, { json }: { json?: boolean }) => {
      const recalled: Recalled[] = [];
      const waiting = progress();
      const tell = (each: Recalled) => {
        recalled.push(each);
        waiting.tell(`task ${each.partition}: ${each.readBack} events read back`);
      };
      await askOrOpen(
        async (instance) => {
          for await (const each of instance.run<Recalled>('restored', { service })) tell(each);
        },
        async (installation) => {
          const { signal } = new AbortController();
          for await (const each of restored(installation, restoredQuery.parse({ service }), signal)) tell(each);
        },
      );
      waiting.done();
      if (json === true) return sayJson(recalled);
      printRecalled(service, recalled);
    });
}

function printRecalled(service: string, recalled: readonly Recalled[]): void {
  if (recalled.length === 0) {
    say(`The database of ${service} lacks nothing that its topics hold.`);
    return;
  }
  sayTable(
    recalled.map(({ partition, timeline, readBack, decidedAgain, leftToDecide }) => ({
      task: partition,
      timeline,
      'read back': readBack,
      'decided again': decidedAgain,
      'left to decide': leftToDecide,
    })),
  );
  for (const { partition, gone, broken } of recalled) {
    for (const { topic, from, to } of gone) say(`gone from ${topic}/${partition} too: events ${from} to ${to}`);
    if (broken.length > 0) say(`cannot go on without what is lost: ${broken.join(', ')}`);
  }
  say('\nThe tasks go on within seconds. What is lost for good: fullhouse check');
}
