import { conventional } from './conventional.ts';
import { database } from './database.ts';
import { durability } from './durability.ts';
import { fanOut } from './fan-out.ts';
import type { Goal } from './goal.ts';
import { hall } from './hall.ts';
import { history } from './history.ts';
import { hotShow } from './hot-show.ts';
import { latency } from './latency.ts';
import { log } from './log.ts';
import { overload } from './overload.ts';
import { pipeline } from './pipeline.ts';
import { tail } from './tail.ts';
import { throughput } from './throughput.ts';

/** In the order in which `all` measures them. */
export const goals: readonly Goal[] = [
  ...[throughput, pipeline, log, conventional, database],
  ...[latency, tail, hotShow, hall, history],
  ...[durability, fanOut, overload],
];
