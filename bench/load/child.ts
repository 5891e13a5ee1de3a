import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** A process of ours that is told one thing and tells others; ends with `end`. */
export interface Child<Told extends { readonly kind: string }> {
  readonly pid: number;
  send(message: object): void;
  /** The next message of a kind; rejects for one of the kind `failed` and for an end. */
  told<Kind extends Told['kind']>(kind: Kind): Promise<Extract<Told, { readonly kind: Kind }>>;
  end(): Promise<void>;
}

export interface Failed {
  readonly kind: 'failed';
  readonly message: string;
}

/** Starts a script that lies beside the one that asks; it inherits the options of Node.js. */
export function startChild<Told extends { readonly kind: string }>(
  script: string,
  options: { readonly from: string; readonly plan: object; readonly environment?: Readonly<Record<string, string>> },
): Child<Told> {
  const { from, plan, environment = {} } = options;
  const child = fork(fileURLToPath(new URL(script, from)), { env: { ...process.env, ...environment } });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.send(plan);
  return {
    pid: child.pid ?? 0,
    send: (message) => void child.send(message),
    told: (kind) => nextOf(child, kind),
    end: async () => {
      if (child.connected) child.disconnect();
      await ended;
    },
  };
}

function nextOf<Message extends { readonly kind: string }>(child: ChildProcess, kind: string): Promise<Message> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void) => {
      child.off('message', onMessage).off('exit', onExit);
      act();
    };
    const onMessage = (message: Message | Failed) => {
      if (message.kind === 'failed') settle(() => reject(new Error((message as Failed).message)));
      else if (message.kind === kind) settle(() => resolve(message as Message));
    };
    const onExit = (code: number | null) =>
      settle(() => reject(new Error(`a process of the bench ended with ${code}`)));
    child.on('message', onMessage).once('exit', onExit);
  });
}

/**
 * In the child: hands over the plan that comes first, and ends when the parent is gone or wants it to. `tell` answers, and
 * whatever is thrown is told as a failure.
 */
export function serveParent<Plan, Message>(
  work: (plan: Plan, tell: (message: Message) => void) => Promise<(() => Promise<unknown>) | undefined>,
): void {
  const tell = (message: object) => void process.send?.(message);
  let finish: () => Promise<unknown> = async () => undefined;
  process.once('disconnect', () => void finish().finally(() => process.exit()));
  process.once('message', (plan: Plan) => {
    work(plan, (message) => tell(message as object)).then(
      (given) => {
        finish = given ?? finish;
      },
      (error: Error) => tell({ kind: 'failed', message: error.stack ?? error.message }),
    );
  });
}
