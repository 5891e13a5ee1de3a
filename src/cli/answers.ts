/** How commands say things: tables and lines for people, JSON for programs, progress for who waits. */

/** The command cannot do it: one line that says why and what to do. Exit code 1. */
export class CommandRefused extends Error {
  override readonly name = 'CommandRefused';
  readonly code = 'command_refused';
  readonly retryable = false;
}

/** The command was used wrongly. Exit code 2. */
export class WrongUse extends Error {
  override readonly name = 'WrongUse';
  readonly code = 'wrong_use';
  readonly retryable = false;
}

const isTerminal = process.stderr.isTTY === true;
/** What takes no longer needs no progress. */
const progressAfterMs = 1_000;

/** What would move the cursor, change colours or turn the writing round, and line ends, which would begin a line of its own. */
const misleading = /[\p{Cc}\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069\u2028\u2029]/gu;
const writtenOut = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** Text that somebody has sent, so that it stays in its line and says nothing to the terminal. */
export function inLine(text: string): string {
  return text.replace(misleading, writtenOut);
}

/** Prints lines of ours; of what they say nothing but their ends is for the terminal. JSON stays the same JSON. */
export function say(line = ''): void {
  process.stdout.write(`${line.split('\n').map(inLine).join('\n')}\n`);
}

export function sayJson(value: unknown): void {
  say(JSON.stringify(value, null, 2));
}

/** Rows in columns; numbers stand to the right. */
export function sayTable(given: readonly Readonly<Record<string, string | number>>[]): void {
  const cellOf = (cell: string | number) => (typeof cell === 'number' ? cell : inLine(cell));
  const rows = given.map((row) => Object.fromEntries(Object.entries(row).map(([name, cell]) => [name, cellOf(cell)])));
  const [first] = rows;
  if (first === undefined) return;
  const names = Object.keys(first);
  const widths = names.map((name) => Math.max(name.length, ...rows.map((row) => String(row[name] ?? '').length)));
  const line = (cells: readonly (string | number)[]) =>
    cells
      .map((cell, index) =>
        typeof cell === 'number' ? String(cell).padStart(widths[index] ?? 0) : cell.padEnd(widths[index] ?? 0),
      )
      .join('  ')
      .trimEnd();
  say(line(names));
  for (const row of rows) say(line(names.map((name) => row[name] ?? '')));
}

/** A line on the terminal that is written over, once the work has taken longer than a second. */
export function progress(): { tell(text: string): void; done(): void } {
  const since = performance.now();
  let shown = false;
  return {
    tell(text) {
      if (!isTerminal || performance.now() - since < progressAfterMs) return;
      shown = true;
      process.stderr.write(`\r\u001b[2K${text}`);
    },
    done() {
      if (shown) process.stderr.write('\r\u001b[2K');
    },
  };
}
