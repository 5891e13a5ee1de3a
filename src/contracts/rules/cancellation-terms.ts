/** Until when a customer may cancel a confirmed booking, and for which fee. The same rule decides, and says so on the page. */

interface Policy {
  readonly untilMinutesBefore: number;
  readonly feePercent: number;
}

/** What of a show a cancellation goes by. */
export interface CancellableShow {
  readonly startsAt: string;
  readonly refundPolicy: Policy;
  /** When it was last moved. */
  readonly movedAt?: string | undefined;
}

export interface CancellationTerms {
  /** From then on it is too late: milliseconds since 1970. */
  readonly closesAt: number;
  /** Of what was paid. */
  readonly feePercent: number;
}

/**
 * Whoever booked before the show was moved may cancel free of charge until its new start; else what was promised at the purchase
 * counts, or what is promised now, whichever is better for the customer.
 */
export function cancellationTerms(
  { startsAt, refundPolicy: now, movedAt }: CancellableShow,
  booked: { readonly at: string; readonly promised?: Policy | undefined },
): CancellationTerms {
  const starts = Date.parse(startsAt);
  if (movedAt !== undefined && Date.parse(booked.at) < Date.parse(movedAt)) return { closesAt: starts, feePercent: 0 };
  const { promised = now } = booked;
  return {
    closesAt: starts - Math.min(promised.untilMinutesBefore, now.untilMinutesBefore) * 60_000,
    feePercent: Math.min(promised.feePercent, now.feePercent),
  };
}
