import type { z } from 'zod';

/**
 * What is wrong with a value, in the words of the one who sent it: what to send, not what a parser expected. For checks
 * that have no sentence of their own; those that have one keep it.
 */
export const plainly: z.core.$ZodErrorMap = (issue) => {
  switch (issue.code) {
    case 'invalid_type': {
      const kind = kinds[issue.expected] ?? issue.expected;
      return issue.input === undefined ? `is missing; give ${kind}` : `must be ${kind}`;
    }
    case 'too_small':
      return bound(issue.origin, 'at least', issue.minimum);
    case 'too_big':
      return bound(issue.origin, 'at most', issue.maximum);
    case 'invalid_value':
      return oneOf(issue.values);
    case 'invalid_union':
      return Array.isArray(issue['options']) ? oneOf(issue['options']) : undefined;
    default:
      return undefined;
  }
};

const kinds: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
};

function bound(origin: string, which: 'at least' | 'at most', limit: number | bigint): string {
  const s = Number(limit) === 1 ? '' : 's';
  if (origin === 'string') return `must have ${which} ${limit} character${s}`;
  if (origin === 'array') return `must have ${which} ${limit} item${s}`;
  return `must be ${which} ${limit}`;
}

function oneOf(values: readonly unknown[]): string {
  return `must be ${values.length === 1 ? '' : 'one of '}${values.map((each) => JSON.stringify(each)).join(', ')}`;
}
