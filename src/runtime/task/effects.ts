import {
  BrokenCircuitError,
  bulkhead,
  type CircuitBreakerPolicy,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  ExponentialBackoff,
  handleAll,
  handleWhen,
  type IPolicy,
  retry,
  TimeoutStrategy,
  timeout,
  wrap,
} from 'cockatiel';
import type { Logger } from '../logger.ts';
import type { Answer, Effect, EffectPolicy, Intent } from '../service.ts';
import type { ServiceRuntime } from '../service-runtime.ts';
import type { EffectRow } from '../store/store.ts';
import type { LoopObserver } from '../telemetry/metrics.ts';
import { type Tracing, traceIdOf } from '../telemetry/tracing.ts';

/** Why what runs is let go; made once, since an error costs more than all else about stopping. */
const stopped = new Error('the loop has stopped');

/** Effects waiting for their turn before the loop takes no more inputs. */
export const effectsOpenMax = 20_000;

/**
 * Runs effects: each kind within its own limits, so that one slow provider stops nothing but itself. The answer comes
 * back as an arrival; an outcome that stayed unknown is an answer as well.
 */
export class Effects {
  readonly #effects: Readonly<Record<string, Effect>>;
  readonly #policies: ReadonlyMap<string, Policy>;
  readonly #onEnded: LoopObserver['effect'];
  readonly #tracing: Tracing;
  readonly #runtime: ServiceRuntime;
  readonly #logger: Logger;
  readonly #onAnswer: (effect: EffectRow, answer: Answer) => void;
  /** By intent: whether the task that asked is (still, or again) ours, so that the answer is too. */
  readonly #running = new Map<string, { row: EffectRow; wanted: boolean }>();
  readonly #stop = new AbortController();

  constructor(options: {
    readonly effects: Readonly<Record<string, Effect>>;
    readonly runtime: ServiceRuntime;
    readonly logger: Logger;
    readonly onAnswer: (effect: EffectRow, answer: Answer) => void;
    readonly onEnded: LoopObserver['effect'];
    readonly tracing: Tracing;
  }) {
    this.#effects = options.effects;
    this.#policies = new Map(Object.entries(options.effects).map(([type, effect]) => [type, policyOf(effect.policy)]));
    this.#runtime = options.runtime;
    this.#logger = options.logger;
    this.#onAnswer = options.onAnswer;
    this.#onEnded = options.onEnded;
    this.#tracing = options.tracing;
  }

  /** The state of each kind's circuit breaker. */
  breakers(): readonly { readonly effect: string; readonly state: 'closed' | 'open' | 'half-open' }[] {
    return [...this.#policies].map(([effect, { breaker }]) => ({ effect, state: breakerStates[breaker.state] }));
  }

  has(type: string): boolean {
    return Object.hasOwn(this.#effects, type);
  }

  get open(): number {
    return this.#running.size;
  }

  /** Starts an effect unless it runs already. */
  start(row: EffectRow): void {
    const name = `${row.stream}/${row.streamVersion}`;
    const effect = this.#effects[row.type];
    const policy = this.#policies.get(row.type);
    if (effect === undefined || policy === undefined) return;
    const running = this.#running.get(name);
    if (running !== undefined) {
      running.wanted = true;
      return;
    }
    this.#running.set(name, { row, wanted: true });
    void this.#run(row, effect, policy)
      .then((answer) => {
        const wanted = this.#running.get(name)?.wanted === true && !this.#stop.signal.aborted;
        this.#running.delete(name);
        if (wanted) this.#onAnswer(answeredOf(effect, row), answer);
      })
      .catch((error: unknown) => {
        this.#running.delete(name);
        if (this.#stop.signal.aborted) return;
        this.#onEnded(row.type, 'failed', 0);
        this.#logger.error(
          { ...effectIn(row), error: (error as Error).message },
          'effect without a usable answer; it stays open',
        );
      });
  }

  /**
   * Answers to what these tasks asked are not wanted any more: another owner asks again under the same key, and it may have
   * had its answer before ours comes.
   */
  disown(partitions: readonly number[]): void {
    for (const each of this.#running.values()) if (partitions.includes(each.row.partition)) each.wanted = false;
  }

  async #run(row: EffectRow, effect: Effect, { policy }: Policy): Promise<Answer> {
    const began = performance.now();
    const span = this.#tracing.effect(row.traceparent, row.type);
    const ended = (outcome: 'answered' | 'unanswered', error?: Error) => {
      span?.end(error);
      this.#onEnded(row.type, outcome, (performance.now() - began) / 1_000);
    };
    const intent = intentOf(row);
    let tries = 0;
    try {
      const answer = await policy.execute(({ signal }) => {
        tries += 1;
        return effect.run(intent as Intent<never>, this.#runtime, signal);
      }, this.#stop.signal);
      ended('answered');
      return afterTries(answer, tries);
    } catch (error) {
      if (this.#stop.signal.aborted) throw error;
      ended('unanswered', error as Error);
      this.#logger.warn({ ...effectIn(row), error: (error as Error).message }, 'effect without an answer');
      return afterTries(effect.unanswered(intent as Intent<never>, error as Error), tries);
    }
  }

  /** Lets go of what runs: its intent is stored, the next owner asks again under the same key. */
  stop(): void {
    this.#stop.abort(stopped);
  }
}

/** An answer says how many tries it took where it took several. */
function afterTries(answer: Answer, tries: number): Answer {
  return tries > 1 ? { ...answer, data: { ...answer.data, tries } } : answer;
}

/** Whom the answer of an effect is for. */
export function answeredOf({ forWhole = false }: Effect, row: EffectRow): EffectRow {
  return forWhole ? { ...row, part: '', subject: row.stream } : row;
}

/** What an effect asks, as whoever does it is told. */
export function intentOf(row: EffectRow): Intent {
  const part = row.part === '' ? undefined : row.part;
  return { ...row, idempotencyKey: `${row.stream}/${row.streamVersion}`, part };
}

/** How a line of the log names an effect. */
function effectIn({ type, subject, traceparent }: EffectRow) {
  return { effect: type, subject, traceId: traceIdOf(traceparent) };
}

interface Policy {
  readonly policy: IPolicy;
  readonly breaker: CircuitBreakerPolicy;
}

const breakerStates = {
  [CircuitState.Closed]: 'closed',
  [CircuitState.Open]: 'open',
  [CircuitState.HalfOpen]: 'half-open',
  [CircuitState.Isolated]: 'open',
} as const;

function policyOf(limits: EffectPolicy): Policy {
  // An open circuit answers at once: trying again against it is only load.
  const retries = retry(
    handleWhen((error) => !(error instanceof BrokenCircuitError)),
    {
      maxAttempts: limits.attemptsMax - 1,
      backoff: new ExponentialBackoff({ initialDelay: limits.backoffMs, maxDelay: limits.backoffMaxMs }),
    },
  );
  const breaker = circuitBreaker(handleAll, {
    halfOpenAfter: limits.breakerOpenMs,
    breaker: new ConsecutiveBreaker(limits.breakerFailures),
  });
  const policy = wrap(
    bulkhead(limits.concurrencyMax, Number.MAX_SAFE_INTEGER),
    retries,
    breaker,
    timeout(limits.timeoutMs, { strategy: TimeoutStrategy.Aggressive, abortOnReturn: false }),
  );
  return { policy, breaker };
}
