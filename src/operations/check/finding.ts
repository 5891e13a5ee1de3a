import type { Installation } from '../installation.ts';

/** What the auditor looks for: one invariant each, with the promise (design, section 7) that it proves. */
export interface Invariant {
  readonly name: string;
  readonly promise: 1 | 2 | 3 | 4 | 5 | 7 | 'privacy';
  readonly says: string;
}

/** A row that breaks an invariant. */
export interface Finding {
  readonly invariant: string;
  /** What it is about; the same in every look, so that a passing state can be told from a broken one. */
  readonly key: string;
  /** What is wrong, in a sentence. */
  readonly says: string;
}

/** What an examination reports while it goes: rows looked at, and what it found. */
export type Report = { readonly looked: Readonly<Record<string, number>> } | { readonly finding: Finding };

/** One way through the databases, and the invariants it looks at. `only` limits it to what was found before. */
export interface Examination {
  readonly invariants: readonly Invariant[];
  readonly examine: (installation: Installation, only: ReadonlySet<string> | undefined) => AsyncGenerator<Report>;
}
