import { conventional } from './conventional.ts';
import { database } from './database.ts';
import type { Goal } from './goal.ts';
import { history } from './history.ts';
import { hotShow } from './hot-show.ts';
import { latency } from './latency.ts';
import { overload } from './overload.ts';
import { pipeline } from './pipeline.ts';
import { tail } from './tail.ts';
import { throughput } from './throughput.ts';

/** In the order in which `all` measures them. */
export const goals: readonly Goal[] = [
  ...[throughput, pipeline, conventional, database],
  ...[latency, tail, hotShow, overload, history],
];
