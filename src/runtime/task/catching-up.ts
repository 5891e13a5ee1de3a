import type { Position } from '../log/log.ts';
import type { DeadlineRow, ParkedRow, TaskRow } from '../store/store.ts';

/** A task whose inputs of before its takeover are still coming in. */
interface Backlog {
  readonly inputs: readonly Position[];
  readonly deadlines: readonly DeadlineRow[];
  readonly parked: readonly ParkedRow[];
}

/**
 * Tasks just taken over. Their overdue timers count only once the inputs that were there before have been handled: one of
 * them may have decided otherwise in time.
 */
export class CatchingUp {
  readonly #backlogs = new Map<number, Backlog>();
  readonly #topicId: (topic: string) => string;

  constructor(topicId: (topic: string) => string) {
    this.#topicId = topicId;
  }

  get size(): number {
    return this.#backlogs.size;
  }

  /** Whether the stored timers of this task are not armed yet. */
  holds(partition: number): boolean {
    return this.#backlogs.has(partition);
  }

  begin(partition: number, backlog: Backlog): void {
    this.#backlogs.set(partition, backlog);
  }

  end(partitions: readonly number[]): void {
    for (const partition of partitions) this.#backlogs.delete(partition);
  }

  /** The timers of tasks that have caught up by now; each is told once. */
  caughtUp(tasks: ReadonlyMap<number, TaskRow>): {
    readonly deadlines: readonly DeadlineRow[];
    readonly parked: readonly ParkedRow[];
  } {
    const deadlines: DeadlineRow[] = [];
    const parked: ParkedRow[] = [];
    for (const [partition, backlog] of this.#backlogs) {
      const positions = tasks.get(partition)?.positions ?? {};
      const isBehind = ({ topic, offset }: Position) => {
        const position = positions[topic];
        return position === undefined || position.topicId !== this.#topicId(topic) || position.offset < offset;
      };
      if (backlog.inputs.some(isBehind)) continue;
      this.#backlogs.delete(partition);
      deadlines.push(...backlog.deadlines);
      parked.push(...backlog.parked);
    }
    return { deadlines, parked };
  }
}
