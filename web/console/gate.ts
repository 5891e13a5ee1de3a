import { keep, kept } from '../kit/storage.ts';

/** The gate that somebody works at, remembered by the browser that stands there. */
const gateKey = 'fullhouse-gate';

export const keptGate = () => kept(gateKey) ?? '';

export const keepGate = (gate: string) => keep(gateKey, gate);
