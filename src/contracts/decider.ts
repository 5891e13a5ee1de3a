/**
 * A decider: the pure heart of a stream (Chassaing, "Functional Event Sourcing Decider").
 *
 * `decide` answers an input with the facts that follow from it, `evolve` folds one fact into the state, `deadline` tells
 * the one moment at which the stream wants to be woken. Time and ids come in with the input; nothing in here reads a
 * clock, a random source or the outside world.
 */
export interface Decider<State, Input, Event> {
  readonly initialState: State;
  /** The facts that follow. An expected refusal is a fact of its own; a broken invariant throws. */
  decide(state: State, input: Input): readonly Event[];
  evolve(state: State, event: Event): State;
  /** When this stream wants a `DeadlineReached` input: milliseconds since 1970, `undefined` for never. */
  deadline(state: State): number | undefined;
}

/** What every input carries beside its own data. */
export interface InputContext {
  /** Id of the message that brought the input: the causation id of the facts that follow. */
  readonly id: string;
  /** The task's time when the input was taken: milliseconds since 1970. */
  readonly at: number;
}

/** The input by which the runtime says that the moment told by `deadline` has come. */
export interface DeadlineReached extends InputContext {
  readonly type: 'DeadlineReached';
}

/** A fact as a decider states it: the runtime adds ids, sequence and time. */
export interface Fact<Type extends string = string, Data = unknown> {
  readonly type: Type;
  readonly data: Data;
}

/** Makes sure, at compile time, that a switch has decided every case. */
export function unreachable(value: never): never {
  throw new Error(`no case for ${JSON.stringify(value)}`);
}
