/** What the parts of the console call things. */

/** `payment_declined` as people write it. */
export const plain = (name: string) => name.replaceAll('_', ' ');

export type Tone = 'good' | 'warn' | 'bad' | '';

const tones: Readonly<Record<string, Tone>> = {
  confirmed: 'good',
  succeeded: 'good',
  valid: 'good',
  on_sale: 'good',
  requested: 'warn',
  waiting: 'warn',
  awaiting_payment: 'warn',
  paying: 'warn',
  pending: 'warn',
  unknown: 'bad',
  rejected: 'bad',
  declined: 'bad',
  failed: 'bad',
  cancelled: 'bad',
  void: 'bad',
};

export const toneOf = (status: string): Tone => tones[status] ?? '';

/** The seats of a text, separated by anything that no seat has in its id. */
export function seatsIn(text: string): readonly string[] {
  return [...new Set(text.split(/[\s,;]+/).filter((seat) => seat !== ''))];
}

/** A moment of today to the second. */
export const clockText = (at: Date) => new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' }).format(at);

/** Enough of a long code to tell it from another. */
export const shortened = (code: string) => (code.length > 12 ? `…${code.slice(-10)}` : code);

/** A time span for the eye: 153 ms, 2.4 s, 3 min 5 s, 2 h 10 min, 3 d 4 h. */
export function spanText(ms: number): string {
  if (ms < 0) return `-${spanText(-ms)}`;
  if (ms < 1_000) return `${ms} ms`;
  if (ms < 60_000) return `${Math.floor(ms / 100) / 10} s`;
  const seconds = Math.floor(ms / 1_000);
  if (seconds < 3_600) return twoUnits([Math.floor(seconds / 60), 'min'], [seconds % 60, 's']);
  const minutes = Math.floor(seconds / 60);
  if (minutes < 1_440) return twoUnits([Math.floor(minutes / 60), 'h'], [minutes % 60, 'min']);
  const hours = Math.floor(minutes / 60);
  return twoUnits([Math.floor(hours / 24), 'd'], [hours % 24, 'h']);
}

type Part = readonly [amount: number, unit: string];

function twoUnits(large: Part, small: Part): string {
  return [large, small]
    .filter(([amount]) => amount > 0)
    .map(([amount, unit]) => `${amount} ${unit}`)
    .join(' ');
}
