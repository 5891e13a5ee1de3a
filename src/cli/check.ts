import { Command } from 'commander';
import { type CheckedInvariant, type CheckLine, check, checkQuery } from '../operations/check.ts';
import { inLine, progress, say, sayJson } from './answers.ts';
import { askOrOpen } from './opened.ts';

/** `fullhouse check`: the auditor. Exit code 1 when a promise is broken. */
export function checkCommand(): Command {
  return new Command('check')
    .description('prove the promises on the live databases; also when nothing runs')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  fullhouse check --json')
    .action(runCheck);
}

async function runCheck({ json }: { json?: boolean }): Promise<void> {
  const checked: CheckedInvariant[] = [];
  const waiting = progress();
  const tell = (line: CheckLine) => {
    if ('progress' in line) return waiting.tell(line.progress);
    waiting.done();
    checked.push(line.checked);
    if (json !== true) print(line.checked);
  };
  await askOrOpen(
    async (instance) => {
      for await (const line of instance.run<CheckLine>('check', {})) tell(line);
    },
    async (installation) => {
      // Nobody changes anything meanwhile: what is wrong now stays wrong, and what is due waits for the next start.
      const query = checkQuery.parse({ looksAfterMs: [] });
      for await (const line of check({ ...installation, isStopped: true }, query)) tell(line);
    },
  );
  waiting.done();
  const broken = checked.filter(({ holds }) => !holds);
  if (json === true) sayJson({ holds: broken.length === 0, invariants: checked });
  else
    say(
      broken.length === 0
        ? `\nAll ${checked.length} invariants hold.`
        : `\n${broken.length} of ${checked.length} invariants are broken.`,
    );
  if (broken.length > 0) process.exitCode = 1;
}

function print({ name, promise, says, holds, looked, violations, rows }: CheckedInvariant): void {
  say(
    `${holds ? '✔' : '✖'} ${name}: ${says} (promise ${promise}; ${looked} looked at${holds ? '' : `, ${violations} wrong`})`,
  );
  for (const row of rows) say(`    ${inLine(row)}`);
}
