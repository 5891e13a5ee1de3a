import { z } from 'zod';
import { priceCategoryName } from '../../contracts/seats.ts';
import { roles } from '../../runtime/http/endpoint.ts';
import { passwordCharactersMax, passwordCharactersMin } from './passwords.ts';

/** The fields in which people say who they are, tidied and checked. */

// Control characters, and the marks that turn the writing direction round: a name must not rewrite what stands next to it.
const misleading = /[\p{Cc}\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069\uFEFF\u2028\u2029]/u;
const withoutMisleading = (text: string) => !misleading.test(text);

/** Addresses are compared in lower case. */
export const emailField = z
  .string()
  .trim()
  .toLowerCase()
  .max(254)
  .email('must be an e-mail address like ada@example.org');

export const nameField = z
  .string()
  .trim()
  .min(1, 'must not be empty')
  .max(120)
  .refine(withoutMisleading, 'must not have control or direction characters');

export const phoneField = z
  .string()
  .trim()
  .regex(/^\+[1-9][0-9]{6,14}$/, 'must be a number in international form (E.164) like +15551234567');

export const passwordField = z
  .string()
  .min(passwordCharactersMin, `must have at least ${passwordCharactersMin} characters`)
  .max(passwordCharactersMax, `must have at most ${passwordCharactersMax} characters`);

export const localeField = z.string().max(35).refine(isLocale, 'must be a language tag (BCP 47) like en or de-AT');

export const rolesField = z
  .array(z.enum(roles))
  .min(1)
  .max(roles.length)
  .refine((all) => new Set(all).size === all.length, 'must not name a role twice');

// What is kept with a booking stays also when the account is erased.
const namesNobody = (text: string) => !/\S@\S+\.\S/.test(text);
const mustNameNobody = 'must not name an e-mail address';

export const reasonField = z
  .string()
  .trim()
  .max(500)
  .refine((text) => withoutMisleading(text.replace(/[\n\r\t]/g, ' ')), 'must not have control characters')
  .refine(namesNobody, mustNameNobody);

/** A category that somebody asks for; whether the hall has it is told later. */
export const wantedCategoryField = priceCategoryName
  .refine(withoutMisleading, 'must not have control or direction characters')
  .refine(namesNobody, mustNameNobody);

function isLocale(tag: string): boolean {
  try {
    return Intl.getCanonicalLocales(tag).length === 1;
  } catch {
    return false;
  }
}
