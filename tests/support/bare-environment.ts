import { fileURLToPath } from 'node:url';

/**
 * What a command of ours gets of the environment of its test: how to find programs, and what was compiled before, which otherwise each
 * of its processes would compile anew. None of the settings of this process.
 */
export const bareEnvironment: Readonly<Record<string, string>> = {
  PATH: process.env['PATH'] ?? '',
  HOME: process.env['HOME'] ?? '',
  NODE_COMPILE_CACHE:
    process.env['NODE_COMPILE_CACHE'] ?? fileURLToPath(new URL('../../node_modules/.cache/compiled', import.meta.url)),
};
