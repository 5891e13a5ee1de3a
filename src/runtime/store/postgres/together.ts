import type { QueryConfig } from 'pg';

/** Combinations of statements that a connection keeps prepared. */
const combinationsMax = 64;

/**
 * Makes one statement of several: each becomes a part of one WITH query, so that all of them cost one parse, one plan and
 * one answer, and are a transaction by themselves. The parts see the same snapshot and none of each other's rows
 * (PostgreSQL, 7.8.4 "Data-Modifying Statements in WITH"), so no two of them may touch the same row.
 *
 * Statements are known by their names: the same name must always come with the same text.
 */
export class Together {
  readonly #combinations = new Map<string, { readonly name: string; readonly text: string }>();

  /** Whether these can be parts although nothing is known of them: functions, and one that writes. */
  static takes(statements: readonly QueryConfig[]): boolean {
    const writes = statements.filter(({ text }) => /^(insert|update|delete)\b/.test(text)).length;
    const asks = statements.filter(({ text }) => /^select\b/.test(text)).length;
    return writes <= 1 && writes + asks === statements.length;
  }

  /** The statement, or `undefined` where there are too many different ones already: then they have to go one by one. */
  of(statements: readonly QueryConfig[]): QueryConfig | undefined {
    const key = statements.map((each) => each.name).join(' ');
    let combination = this.#combinations.get(key);
    if (combination === undefined) {
      if (this.#combinations.size >= combinationsMax) return undefined;
      combination = { name: `together-${this.#combinations.size + 1}`, text: textOf(statements) };
      this.#combinations.set(key, combination);
    }
    return { ...combination, values: statements.flatMap((each) => each.values ?? []) };
  }
}

function textOf(statements: readonly QueryConfig[]): string {
  const parts: string[] = [];
  const asked: string[] = [];
  let shift = 0;
  for (const [index, { text, values = [] }] of statements.entries()) {
    const numbered = text.replace(/\$(\d+)/g, (_, number: string) => `$${Number(number) + shift}`);
    parts.push(`p${index} as (${numbered})`);
    // A function is called only where its part is read, however many rows others have; whatever writes is done anyway.
    if (/^select\b/.test(text)) asked.push(`(select count(*) from p${index})`);
    shift += values.length;
  }
  return `with ${parts.join(', ')} select ${asked.length > 0 ? asked.join(', ') : '1'}`;
}
