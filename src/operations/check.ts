import { z } from 'zod';
import type { Installation } from './installation.ts';
export const checkQuery = z.strictObject({});
export async function* check(_installation: Installation): AsyncGenerator<unknown> {}
