import { bookingNumber, idEndOf } from '../contracts/rules/booking-number.ts';
import { type Installation, OperationRefused } from './installation.ts';

/** Bookings of one number that are told of; two are rare. */
const namesakesMax = 20;

/**
 * The id of the booking that somebody names by its id or its number. Refuses a number that no booking has, and one that several
 * have: whoever asks then has to say which.
 */
export async function bookingNamed(installation: Installation, named: string): Promise<string> {
  const idEnd = idEndOf(named);
  if (idEnd === undefined) return named;
  const found = await installation.query<{ readonly id: string }>(
    'user',
    'select id from bookings where right(id, 10) = $1 order by id desc limit $2',
    [idEnd, namesakesMax],
  );
  const [first, ...others] = found.map(({ id }) => id);
  if (first === undefined)
    throw new OperationRefused('not_found', `There is no booking of the number "${named}". Check the number.`);
  if (others.length === 0) return first;
  throw new OperationRefused(
    'conflict',
    `${found.length} bookings have the number ${bookingNumber(first)}: ${[first, ...others].join(', ')}. Give the id of one.`,
  );
}
