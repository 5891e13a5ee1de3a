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

export function say(line = ''): void {
  process.stdout.write(`${line}\n`);
}

export function sayJson(value: unknown): void {
  say(JSON.stringify(value, null, 2));
}

/** Rows in columns; numbers stand to the right. */
export function sayTable(rows: readonly Readonly<Record<string, string | number>>[]): void {
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
