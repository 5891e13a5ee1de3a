import { readFile } from 'node:fs/promises';
import { Command } from 'commander';
import { showId as showIdSchema } from '../contracts/ids.ts';
import { decimalText } from '../contracts/rules/decimals.ts';
import type { Backtest, Outcome } from '../operations/backtest.ts';
import { CommandRefused, inLine, say, sayJson, sayTable } from './answers.ts';
import { runningInstance } from './instance.ts';
import { idAs } from './log.ts';

/** `fullhouse backtest`: what other pricing rules would have made of shows that were sold. */
export function backtestCommand(): Command {
  return new Command('backtest')
    .description('what other pricing rules would have made of shows that were sold; nothing is changed')
    .argument('<rules>', 'a file with the rules, as "fullhouse settings get pricingRules --json" prints them')
    .argument('<showId...>', 'the shows', (text: string, before: readonly string[] | undefined) => [
      ...(before ?? []),
      idAs(showIdSchema, 'the show')(text),
    ])
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExample:\n  fullhouse backtest rules.json shw_0192f0c4-7b1e-7c3a-9d2e-3f4a5b6c7d8e\n\n' +
        'People are taken to have booked the same, but for those who had set a limit that the price would have been above.',
    )
    .action(async (file: string, showIds: readonly string[], { json }: { json?: boolean }) => {
      const body = { rules: await rulesIn(file), showIds };
      const { items } = await (await runningInstance()).call<Answer>('POST', '/ops/backtests', body);
      if (json === true) return sayJson(items);
      for (const item of items) print(item);
    });
}

interface Answer {
  readonly items: readonly Backtest[];
}

async function rulesIn(file: string): Promise<unknown> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new CommandRefused(`${file} cannot be read: ${error.code ?? error.message}`);
  });
  try {
    const json = JSON.parse(text) as { readonly value?: unknown } | null;
    // As the setting is printed: the rules, with who set them and why.
    return json?.value ?? json;
  } catch (error) {
    throw new CommandRefused(`${file} is not JSON: ${(error as Error).message}`);
  }
}

function print({ showId, movie, startsAt, currency, was, would, refused }: Backtest): void {
  say(`${inLine(movie)}, ${startsAt}  ${showId}`);
  const row = (name: string, outcome: Outcome) => ({
    ...{ rules: name, places: outcome.places },
    [`revenue ${currency}`]: decimalText(outcome.revenue, currency),
    changes: outcome.changes,
    ...Object.fromEntries(
      outcome.prices.map(({ category, least, most }) => [
        category,
        `${decimalText(least, currency)} to ${decimalText(most, currency)}`,
      ]),
    ),
  });
  sayTable([row('as sold', was), row('these', would)]);
  const percent = was.revenue === 0 ? '' : `, ${(((would.revenue - was.revenue) / was.revenue) * 100).toFixed(1)} %`;
  say(
    `${decimalText(would.revenue - was.revenue, currency)} ${currency}${percent}; ${refused} bookings refused by their limit.\n`,
  );
}
