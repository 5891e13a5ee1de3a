import type { SeatEvent } from '../../contracts/seat-inventory.ts';

/**
 * How full a show is, counted from the seat-inventory's events: for the status that people see and for what an organizer
 * may still change. Nothing is decided by these counts alone: whether a seat is free is the seat-inventory's to say.
 */
export interface ShowSales {
  readonly held: number;
  readonly sold: number;
  readonly blocked: number;
  /** The plan that these places are of, as far as events have said it. */
  readonly seatPlanId?: string;
  /** When the first seat was sold, if ever. */
  readonly firstSaleAt?: string;
  /**
   * Bookings whose hold ran out, newest last. Money that comes later takes free seats, not held ones, and SeatsSold does
   * not say which: this list tells.
   */
  readonly ranOut: readonly string[];
}

/** Late money concerns the few bookings that were being charged; older ones have ended long ago. */
export const ranOutMax = 200;

const none: ShowSales = { held: 0, sold: 0, blocked: 0, ranOut: [] };

/** Folds one event of a show; `time` is its envelope's, milliseconds since 1970. */
export function foldSales(before: ShowSales = none, event: SeatEvent & { readonly time: number }): ShowSales {
  switch (event.type) {
    case 'SeatsReserved': {
      const sales = underPlan(before, event.data.seatPlanId);
      return { ...sales, held: sales.held + places(event.data) };
    }
    case 'SeatsSold': {
      const late = before.ranOut.includes(event.data.bookingId);
      return {
        ...before,
        held: late ? before.held : less(before.held, places(event.data)),
        sold: before.sold + places(event.data),
        firstSaleAt: before.firstSaleAt ?? new Date(event.time).toISOString(),
        ranOut: before.ranOut.filter((bookingId) => bookingId !== event.data.bookingId),
      };
    }
    case 'SeatsReleased': {
      const { from, cause, bookingId } = event.data;
      const ranOut = cause === 'hold_expired' ? [...before.ranOut, bookingId].slice(-ranOutMax) : before.ranOut;
      return { ...before, [from]: less(before[from], places(event.data)), ranOut };
    }
    case 'SeatsBlocked': {
      const sales = underPlan(before, event.data.seatPlanId);
      return { ...sales, blocked: sales.blocked + event.data.seats.length };
    }
    case 'SeatsUnblocked': {
      const sales = underPlan(before, event.data.seatPlanId);
      return { ...sales, blocked: less(sales.blocked, event.data.seats.length) };
    }
    case 'SeatsRefused':
    case 'SeatsAwaited':
    case 'SeatsLost':
      // None of them takes a seat or gives one back.
      return before;
    default:
      return event satisfies never;
  }
}

/** Whether a seat is held or has ever been sold. */
export function isBooked(sales: ShowSales | undefined): boolean {
  return sales !== undefined && (sales.held > 0 || sales.firstSaleAt !== undefined);
}

/** Places that nobody else can have now, where the show sells by this plan. */
export function takenPlaces(sales: ShowSales | undefined, seatPlanId: string): number {
  if (sales === undefined) return 0;
  const { held, sold, blocked } = underPlan(sales, seatPlanId);
  return held + sold + blocked;
}

/** Another plan is sold by only while nobody has a place, and starts from an empty hall: blocks do not go with it. */
function underPlan(sales: ShowSales, seatPlanId: string | undefined): ShowSales {
  if (seatPlanId === undefined || sales.seatPlanId === seatPlanId) return sales;
  if (sales.seatPlanId === undefined) return { ...sales, seatPlanId };
  return sales.held + sales.sold > 0 ? sales : { ...sales, seatPlanId, blocked: 0 };
}

function places(data: {
  readonly seats: readonly string[];
  readonly areas: readonly { readonly count: number }[];
}): number {
  return data.areas.reduce((total, { count }) => total + count, data.seats.length);
}

function less(count: number, taken: number): number {
  return Math.max(0, count - taken);
}
