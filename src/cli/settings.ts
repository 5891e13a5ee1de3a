import { Command } from 'commander';
import { say, sayJson, sayTable } from './answers.ts';
import { runningInstance } from './instance.ts';

/** Settings that change while the system runs. */
interface Change {
  readonly value: unknown;
  readonly version: number;
  readonly who?: string;
  readonly when?: string;
  readonly why?: string;
}
interface Setting extends Change {
  readonly key: string;
  readonly history?: readonly Change[];
}

const valueShownMax = 60;
const path = (key: string) => `/settings/${encodeURIComponent(key)}`;

export function settingsCommand(): Command {
  const command = new Command('settings')
    .description('read and change settings while the system runs')
    .addHelpText('after', '\nExample:\n  fullhouse settings\n  fullhouse settings get holdTtlMs');
  command
    .command('list', { isDefault: true })
    .description('all settings in force')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  fullhouse settings list')
    .action(async ({ json }: { json?: boolean }) => {
      const { items } = await (await runningInstance()).call<{ items: readonly Setting[] }>('GET', '/settings');
      if (json === true) return sayJson(items);
      sayTable(
        items.map(({ key, value, version }) => ({
          setting: key,
          value: shortened(JSON.stringify(value)),
          changes: version,
        })),
      );
    });
  command
    .command('get')
    .argument('<key>')
    .description('one setting')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  fullhouse settings get holdTtlMs')
    .action(async (key: string, { json }: { json?: boolean }) => {
      const { history: _, ...setting } = await (await runningInstance()).call<Setting>('GET', path(key));
      if (json === true) return sayJson(setting);
      say(JSON.stringify(setting.value));
    });
  command
    .command('set')
    .argument('<key>')
    .argument('<value>', 'as JSON, or plain text')
    .requiredOption('--why <reason>', 'kept with the change')
    .description('change a setting; it is in force everywhere within two seconds')
    .addHelpText('after', '\nExample:\n  fullhouse settings set holdTtlMs 120000 --why "on-sale tomorrow"')
    .action(async (key: string, text: string, { why }: { why: string }) => {
      const body = { value: jsonOr(text), why };
      const { value, version } = await (await runningInstance()).call<Setting>('PUT', path(key), body);
      say(`${key} is ${JSON.stringify(value)} now (change ${version})`);
    });
  command
    .command('history')
    .argument('<key>')
    .description('who changed a setting, when and why')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  fullhouse settings history holdTtlMs')
    .action(async (key: string, { json }: { json?: boolean }) => {
      const { history = [] } = await (await runningInstance()).call<Setting>('GET', path(key));
      if (json === true) return sayJson(history);
      if (history.length === 0) return say(`${key} was never changed.`);
      sayTable(
        history.map(({ version, value, who = '', when = '', why = '' }) => ({
          version,
          value: JSON.stringify(value),
          who,
          when,
          why,
        })),
      );
    });
  return command;
}

/** A list shows as much of a value as fits a line; `get` shows all of it. */
function shortened(text: string): string {
  return text.length <= valueShownMax ? text : `${text.slice(0, valueShownMax)}…`;
}

function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
