import type { Show } from '../kit/answers.ts';
import { get, type Listed } from '../kit/api.ts';

const showsMax = 100;

/** The currencies that the next shows are sold in, most houses have one; none where nothing is on the programme. */
export async function currenciesOf(signal: AbortSignal): Promise<readonly string[]> {
  const { items } = await get<Listed<Show>>(`/v1/shows?limit=${showsMax}`, { signal });
  return [
    ...new Set(items.flatMap(({ priceCategories }) => priceCategories.map(({ price }) => price.currency))),
  ].sort();
}
