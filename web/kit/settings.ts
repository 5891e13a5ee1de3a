import { fetched, jsonIn } from './fetched.ts';
import { Problem, type ProblemBody } from './problem.ts';

/** What an installation's pages have to know of it. */
export interface PageSettings {
  /** Where people sign in, if not here. */
  readonly signIn?: SignInElsewhere;
  /** Who takes the money, and where the library of Stripe is. */
  readonly payment: { readonly provider: 'sandbox' } | { readonly provider: 'stripe'; readonly script: string };
}

export interface SignInElsewhere {
  readonly issuer: string;
  readonly audience: string;
  /** Under which name these pages are known there; without one nobody can sign in from here. */
  readonly clientId?: string;
}

let asked: Promise<PageSettings> | undefined;

/** Asked for once in the life of a page; again after a failure. */
export function pageSettings(): Promise<PageSettings> {
  asked ??= ask().catch((error) => {
    asked = undefined;
    throw error;
  });
  return asked;
}

async function ask(): Promise<PageSettings> {
  const got = await fetched('/web/settings.json');
  const body = jsonIn<PageSettings & ProblemBody>(got);
  if (!got.response.ok) throw new Problem(got.response.status, body);
  return body;
}
