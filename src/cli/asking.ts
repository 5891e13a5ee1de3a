import type { InstanceStatus } from '../operations/control-server.ts';
import { CommandRefused } from './answers.ts';

/**
 * The running instance, as the command line talks to it: through the socket in its data directory, or, in cluster mode, by
 * databases and Kafka.
 */
export interface Instance {
  status(): Promise<InstanceStatus>;
  /** One call of the API as an administrator. Throws `CommandRefused` with the problem's own words. */
  call<Body>(method: string, path: string, body?: unknown): Promise<Body>;
  /** What an operation says, piece by piece. Throws `CommandRefused` where it says no. */
  run<Item>(operation: string, input: object, signal?: AbortSignal): AsyncGenerator<Item>;
}

/** A problem's fields, as far as a person is told of them. */
export interface Problem {
  readonly detail?: string;
  readonly errors?: readonly { readonly pointer: string; readonly message: string }[];
}

/** A refused call, with each wrong line of what was sent. */
export class CallRefused extends CommandRefused {
  readonly problem: Problem;
  constructor(problem: Problem, status: number) {
    super(problem.detail ?? `the instance answered ${status}`);
    this.problem = problem;
  }
}
