import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { bareEnvironment } from './bare-environment.ts';

/** The command line as a person uses it: a process for each command. */
export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

/** Commands on a data directory. */
export function commandLine(directory: string) {
  const fullhouse = async (...parameters: readonly string[]): Promise<Ran> => {
    const env = { ...bareEnvironment, FULLHOUSE_DATA_DIR: directory };
    try {
      const ran = await promisify(execFile)(process.execPath, ['src/cli/main.ts', ...parameters], { env });
      return { code: 0, out: ran.stdout, error: ran.stderr };
    } catch (failed) {
      const { code, stdout, stderr } = failed as {
        readonly code: number;
        readonly stdout: string;
        readonly stderr: string;
      };
      return { code, out: stdout, error: stderr };
    }
  };
  /** What a command prints as JSON; it has to go well. */
  const json = async <Value>(...parameters: readonly string[]): Promise<Value> => {
    const { code, out, error } = await fullhouse(...parameters, '--json');
    assert.equal(code, 0, error);
    return JSON.parse(out) as Value;
  };
  return { fullhouse, json };
}
