import type { SeatPlan, Show } from '../../contracts/catalog.ts';
import { byId, placeNames } from '../../contracts/rules/places.ts';
import type { Profile } from '../../contracts/user.ts';
import { type Answer, type EffectPolicy, effect } from '../../runtime/service.ts';
import type { ServiceRuntime } from '../../runtime/service-runtime.ts';
import type { Channel, Channels, Delivery, Outgoing } from './channels/channel.ts';
import type { Planned, Answer as Settled } from './messages.ts';
import { type BookingDoc, beginSending, confirmedBookingsOf } from './projection.ts';
import type { Page } from './show-changes.ts';
import { compose } from './texts.ts';

/** Sending. Addresses, names, titles and what seats are called are looked up at the last moment: no fact has them. */

export const channelsPart = 'channels';
export const pagesPart = 'pages-url';

const sending: EffectPolicy = {
  timeoutMs: 12_000,
  attemptsMax: 3,
  backoffMs: 100,
  backoffMaxMs: 1_000,
  concurrencyMax: 2_000,
  breakerFailures: 50,
  breakerOpenMs: 2_000,
};

function settled(data: Planned, outcome: Pick<Settled, 'status' | 'error'>): Answer {
  const { messageId, round } = data;
  return { type: 'MessageSettled', data: { messageId, round, ...outcome } };
}

export const messagePlanned = effect<Planned>({
  policy: sending,
  run: async ({ data }, service, signal) => {
    const channel = service.part<Channels>(channelsPart)[data.channel];
    const profile = await service.reference<Profile>('user-profiles', data.userId);
    const to = data.channel === 'email' ? profile?.email : profile?.phone;
    // The address was there when the message was planned; the customer may have gone since.
    if (channel === undefined || to === undefined) return settled(data, { status: 'skipped' });
    const message = await outgoing(service, { data, to, profile });
    return settled(data, await deliver({ service, channel, message, signal }));
  },
  unanswered: ({ data }, error) => settled(data, { status: 'unknown', error: error.message }),
});

async function outgoing(
  service: ServiceRuntime,
  { data, to, profile }: { readonly data: Planned; readonly to: string; readonly profile: Profile | undefined },
): Promise<Outgoing> {
  const [show, places] = await Promise.all([
    service.reference<Show>('catalog', data.showId),
    service.document<BookingDoc>('bookings', data.bookingId),
  ]);
  const plan = show && (await service.reference<SeatPlan>('seat-plans', show.seatPlanId));
  const { details, channel, messageId, bookingId, userId, kind, round } = data;
  const text = compose({
    details,
    channel,
    bookingId,
    pagesUrl: service.part<() => string | undefined>(pagesPart)(),
    show,
    names: plan === undefined ? byId : placeNames(plan),
    places,
    name: profile?.name,
    locale: profile?.locale ?? 'en',
  });
  const deliveryKey = round === 1 ? messageId : `${messageId}.${round}`;
  return { deliveryKey, messageId, userId, bookingId, kind, to, ...text };
}

interface Sending {
  readonly service: ServiceRuntime;
  readonly channel: Channel;
  readonly message: Outgoing;
  readonly signal: AbortSignal;
}

/**
 * A channel that knows delivery keys may be asked again after an error. Any other is asked once: the sending is marked as
 * begun first, so that neither a retry nor the next owner after a crash sends a second message.
 */
async function deliver({
  service,
  channel,
  message,
  signal,
}: Sending): Promise<Delivery | Pick<Settled, 'status' | 'error'>> {
  if (channel.idempotent) return channel.send(message, signal);
  if (!(await beginSending(service, message.deliveryKey))) {
    return { status: 'unknown', error: 'the sending was begun before and its outcome was lost' };
  }
  try {
    return await channel.send(message, signal);
  } catch (error) {
    return { status: 'unknown', error: (error as Error).message };
  }
}

/** Reading a page of our own table. */
export const showBookingsSought = effect<Page>({
  policy: {
    timeoutMs: 5_000,
    attemptsMax: 5,
    backoffMs: 100,
    backoffMaxMs: 5_000,
    concurrencyMax: 4,
    breakerFailures: 1_000_000,
    breakerOpenMs: 1_000,
  },
  run: async ({ data }, service) => ({
    type: 'ShowBookingsFound',
    data: { ...(await confirmedBookingsOf(service, data)) },
  }),
  // Nothing found, and the same page comes next: whoever booked must hear of it.
  unanswered: ({ data }) => ({ type: 'ShowBookingsFound', data: { ...data, bookings: [], next: data.after } }),
});
