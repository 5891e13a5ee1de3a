/**
 * Rows as one text, made by the database: a driver takes several times as long to bring them one by one. Between fields and
 * between lines stand characters that no JSON may have in it, and no id and no name has.
 */
const fieldEnd = '\u001f';
const lineEnd = '\u001e';

/**
 * A query of rows as one text. They come as `from` orders them: an aggregate with an order of its own compares what an index
 * has ordered already, and takes twice as long. A field that is null is not there at all.
 */
export function linesOf(fields: readonly string[], from: string): string {
  return `(select string_agg(concat_ws(E'\\x1f', ${fields.join(', ')}), E'\\x1e') from (${from}) as rows)`;
}

/** The same of rows that are no database's. */
export function textOf(rows: readonly (readonly string[])[]): string {
  return rows.map((fields) => fields.join(fieldEnd)).join(lineEnd);
}

/** Goes through such a text line by line, and through the fields of a line in their order. */
export class Lines {
  readonly #text: string;
  #at = 0;
  #end = 0;
  #field = 0;
  #id: string | undefined;

  constructor(text: string) {
    this.#text = text;
    this.#begin();
  }

  /** The first field of the line; `undefined` after the last line. */
  get id(): string | undefined {
    return this.#id;
  }

  #begin(): void {
    const end = this.#text.indexOf(lineEnd, this.#at);
    this.#end = end < 0 ? this.#text.length : end;
    this.#field = this.#at;
    const known = this.#id;
    // Most lines are about what the line before was about.
    if (known !== undefined && this.#text.startsWith(known, this.#at) && this.#endsAt(this.#at + known.length)) {
      this.#field = this.#at + known.length + 1;
    } else this.#id = this.field();
  }

  #endsAt(at: number): boolean {
    return at === this.#end || this.#text[at] === fieldEnd;
  }

  advance(): void {
    this.#at = this.#end + 1;
    if (this.#at > this.#text.length) this.#id = undefined;
    else this.#begin();
  }

  /** The next field of the line; '' after the last one. */
  field(): string {
    if (this.#field > this.#end) return '';
    const found = this.#text.indexOf(fieldEnd, this.#field);
    const end = found < 0 || found > this.#end ? this.#end : found;
    const field = this.#text.slice(this.#field, end);
    this.#field = end + 1;
    return field;
  }

  /** All that is left of the line. */
  rest(): string {
    return this.#field > this.#end ? '' : this.#text.slice(this.#field, this.#end);
  }
}
