import type { AreaState, Show } from '../kit/answers.ts';

/** How the sale of a show stands at a moment, whenever the show was asked for: sales open and close while somebody looks on. */
export function saleAt({ status, sales, startsAt }: Pick<Show, 'status' | 'sales' | 'startsAt'>, now: number) {
  if (status === 'cancelled') return 'cancelled';
  if (now >= Math.min(Date.parse(sales.closesAt), Date.parse(startsAt))) return 'closed';
  return now < Date.parse(sales.opensAt) ? 'scheduled' : 'open';
}

/** How many places of an area are free. */
export const placesLeft = ({ capacity, held, sold, blocked }: AreaState) => capacity - held - sold - blocked;
