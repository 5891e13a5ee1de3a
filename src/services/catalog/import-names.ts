import type { Movie, Theatre } from './entries.ts';
import { type Entry, type ImportFault, inside } from './import-file.ts';

/** Names that more than one entry of the catalogue has, and how many have them: they do not say which one is meant. */
export interface SharedNames {
  readonly movie: ReadonlyMap<string, number>;
  readonly theatre: ReadonlyMap<string, number>;
}

export function sharedNames(known: {
  readonly movies: readonly Movie[];
  readonly theatres: readonly Theatre[];
}): SharedNames {
  return {
    movie: repeated(known.movies.map(({ title }) => title)),
    theatre: repeated(known.theatres.map(({ name }) => name)),
  };
}

function repeated(names: readonly string[]): ReadonlyMap<string, number> {
  const groups = [...Map.groupBy(names, (name) => name)];
  return new Map(groups.map(([name, those]) => [name, those.length] as const).filter(([, count]) => count > 1));
}

/** What is wrong with the names that an entry goes by. */
export function sharedFaults(
  { where, value }: Entry<{ readonly [Field in keyof SharedNames]?: string }>,
  shared: SharedNames,
): readonly ImportFault[] {
  return (['movie', 'theatre'] as const).flatMap((field) => {
    const name = value[field] ?? '';
    const count = shared[field].get(name);
    if (count === undefined) return [];
    const mend = 'rename all but one of them, so that the name says which one is meant';
    return [{ where: inside(where, [field]), message: `${count} ${field}s are called "${name}"; ${mend}` }];
  });
}
