import type { Show } from '../../contracts/catalog.ts';
import { unreachable } from '../../contracts/decider.ts';
import { formatMoney, type Money } from '../../contracts/money.ts';
import type { MessageChannel } from '../../contracts/notification.ts';
import { bookingNumber } from '../../contracts/rules/booking-number.ts';
import { greeting, oneLine } from '../../contracts/rules/greeting.ts';
import { type PlaceNames, placesText } from '../../contracts/rules/places.ts';
import type { Details, OnePlace, Places } from './messages.ts';

/** What customers read. Pure: everything that is said comes in, dates and amounts in the customer's own notation. */

export interface Occasion {
  readonly details: Details;
  readonly channel: MessageChannel;
  readonly bookingId: string;
  /** Where the customers' pages are; unknown where nobody has said. */
  readonly pagesUrl: string | undefined;
  /** Unknown when the catalogue has not arrived: then the text does without. */
  readonly show: Show | undefined;
  /** What the places of the show are called. */
  readonly names: PlaceNames;
  /** What the booking holds, where the details do not say. */
  readonly places: Places | undefined;
  readonly name: string | undefined;
  /** BCP 47; anything else is read as English. */
  readonly locale: string;
}

export interface Text {
  readonly subject: string;
  readonly text: string;
}

/** The text of a message: a letter by e-mail, the same sentences in one paragraph by SMS. */
export function compose(occasion: Occasion): Text {
  const words = wordsFor(occasion);
  const { subject, sentences } = sentencesOf(occasion.details, words);
  const where = words.occasion === undefined ? [] : [words.occasion];
  const { says, path, number } = subjectOf(occasion);
  const page = occasion.pagesUrl === undefined ? [] : [`${occasion.pagesUrl}${path}`];
  const said = number === undefined ? [] : [`Booking ${number}.`];
  if (occasion.channel === 'sms') return { subject, text: [...sentences, ...where, ...said, ...page].join(' ') };
  const about = [says, ...page].join('\n');
  return { subject, text: [greeting(occasion.name), ...sentences, ...where, about, 'Fullhouse'].join('\n\n') };
}

/** What a message is about, and its page: to who was given a ticket, the booking of it is somebody else's. */
function subjectOf({ details, bookingId }: Occasion): {
  readonly says: string;
  readonly path: string;
  /** What the reader may call the booking by, where it is theirs. */
  readonly number?: string;
} {
  const number = bookingNumber(bookingId);
  const booking = { says: `Your booking: ${number}`, path: `/bookings/${bookingId}`, number };
  const yours = { says: 'Your tickets:', path: '/bookings' };
  switch (details.kind) {
    case 'ticket_received':
    case 'ticket_void':
      return { says: `Your ticket: ${details.ticketId}`, path: `/tickets/${details.ticketId}` };
    case 'ticket_transferred':
      // Whoever gives a ticket away may have been given it.
      return yours;
    case 'show_changed':
      return details.toReceiver === true ? yours : booking;
    default:
      return booking;
  }
}

interface Words {
  readonly title: string;
  readonly occasion: string | undefined;
  readonly starts: string | undefined;
  readonly places: Places | undefined;
  readonly placesIn: (places: Places) => string;
  readonly placeIn: (place: OnePlace) => string;
  readonly money: (value: Money) => string;
  readonly time: (moment: string) => string;
}

function wordsFor({ show, names, places, locale }: Occasion): Words {
  const language = usableLocale(locale);
  const timeZone = show?.theatre.timeZone ?? 'UTC';
  const format = dateFormat(language, timeZone, 'full');
  const clock = dateFormat(language, timeZone, 'medium');
  const starts = show && format.format(Date.parse(show.startsAt));
  return {
    title: show === undefined ? 'your show' : oneLine(show.movie.title),
    starts,
    occasion:
      show &&
      `${oneLine(show.movie.title)}: ${starts}, ${oneLine(show.theatre.name)}, screen ${show.screen.number}, ${oneLine(show.theatre.location)}.`,
    places,
    placesIn: (all) => oneLine(placesText(all, names)) || 'your seats',
    placeIn: ({ seat, area = '' }) =>
      oneLine(seat === undefined ? `a place in ${names.area(area)}` : placesText({ seats: [seat] }, names)),
    money: (value) => formatMoney(value, language),
    time: (moment) => clock.format(Date.parse(moment)),
  };
}

/** Formats are costly to make and few: languages times zones of theatres. */
const dateFormats = new Map<string, Intl.DateTimeFormat>();
const dateFormatsMax = 1_000;

function dateFormat(language: string, timeZone: string, dateStyle: 'full' | 'medium'): Intl.DateTimeFormat {
  const name = `${language} ${timeZone} ${dateStyle}`;
  const known = dateFormats.get(name);
  if (known !== undefined) return known;
  if (dateFormats.size >= dateFormatsMax) dateFormats.clear();
  const format = new Intl.DateTimeFormat(language, { dateStyle, timeStyle: 'short', timeZone });
  dateFormats.set(name, format);
  return format;
}

/** Profiles name few languages, and asking whether one is supported is costly. */
const usableLocales = new Map<string, string>();
const usableLocalesMax = 1_000;

function usableLocale(locale: string): string {
  const known = usableLocales.get(locale);
  if (known !== undefined) return known;
  if (usableLocales.size >= usableLocalesMax) usableLocales.clear();
  const usable = supportedLocale(locale);
  usableLocales.set(locale, usable);
  return usable;
}

function supportedLocale(locale: string): string {
  try {
    return Intl.DateTimeFormat.supportedLocalesOf(locale)[0] ?? 'en';
  } catch {
    // Not a language tag at all.
    return 'en';
  }
}

interface Sentences {
  readonly subject: string;
  readonly sentences: readonly string[];
}

function sentencesOf(details: Details, words: Words): Sentences {
  switch (details.kind) {
    case 'booking_held':
      return {
        subject: `Your seats for ${words.title} are held`,
        sentences: [
          `We hold ${words.placesIn(details)} for you until ${words.time(details.holdExpiresAt)}.`,
          `Please pay ${words.money(details.total)} before then; after that others may book them.`,
        ],
      };
    case 'payment_received':
      return {
        subject: `We received your payment for ${words.title}`,
        sentences: [
          `Thank you: ${words.money(details.amount)} has arrived.`,
          'Your tickets follow as soon as your seats are confirmed. If that cannot be, all of it goes back to you.',
        ],
      };
    case 'payment_declined':
      return {
        subject: `Your payment for ${words.title} was declined`,
        sentences: [
          `${oneLine(details.why)} Nothing was charged.`,
          `Your seats are still held until ${words.time(details.holdExpiresAt)}. Please try again by then, with another card if need be (${counted(details.attemptsLeft, 'try', 'tries')} left).`,
        ],
      };
    case 'booking_rejected':
      return {
        subject: `Your booking for ${words.title} did not succeed`,
        sentences: [rejection(details, words), 'You have not been charged for it.'],
      };
    case 'booking_expired':
      return {
        subject: `Your reservation for ${words.title} has ended`,
        sentences: [
          `The time to pay for ${words.placesIn(details)} is over, and no sale was made.`,
          'If the seats are still free you can book them again. A payment that reached us too late is refunded in full.',
        ],
      };
    case 'booking_cancelled':
      return cancellation(details, words);
    case 'refund_made':
      return {
        subject: `Your refund for ${words.title}`,
        sentences: details.inCash
          ? [`You were handed ${words.money(details.amount)} in cash.`]
          : [
              `We have sent ${words.money(details.amount)} back the way you paid.`,
              'Depending on your bank it may take a few days to show.',
            ],
      };
    case 'show_changed':
      return {
        subject: `Your show has changed: ${words.title}`,
        sentences: [
          words.starts === undefined ? 'Your show was moved.' : `It starts ${words.starts}.`,
          details.toReceiver === true
            ? 'The ticket that you were given stays valid. If it does not suit you any more, you can give it back.'
            : 'Your tickets stay valid. If it does not suit you any more, you can cancel free of charge until the start.',
        ],
      };
    case 'tickets_issued':
      return {
        subject: `Your ${details.ticketCount === 1 ? 'ticket' : 'tickets'} for ${words.title}`,
        sentences: [
          `${counted(details.ticketCount, 'ticket is', 'tickets are')} ready${words.places === undefined ? '' : `: ${words.placesIn(words.places)}`}.`,
          'Open your booking to show the codes at the door. Each code lets one person in, once.',
        ],
      };
    case 'ticket_transferred':
      return {
        subject: `Your ticket for ${words.title} belongs to somebody else now`,
        sentences: [
          `Somebody has taken the ticket for ${words.placeIn(details)} that was offered from your account. Its old code lets nobody in any more.`,
          'If it was not you who offered it, set a new password and tell us before the show begins.',
        ],
      };
    case 'ticket_received':
      return {
        subject: `A ticket for ${words.title} is yours`,
        sentences: [
          `You have taken the ticket for ${words.placeIn(details)}. It has a code of its own; any older one lets nobody in.`,
          'Open it to show the code at the door. It lets one person in, once.',
        ],
      };
    case 'ticket_void':
      return {
        subject: `Your ticket for ${words.title} is not valid any more`,
        sentences: [
          details.reason === 'show_cancelled'
            ? 'We are sorry: the show will not take place.'
            : `The booking that the ticket for ${words.placeIn(details)} came from was cancelled.`,
          'The ticket that you were given lets nobody in any more. What was paid for it goes back to whoever booked it.',
        ],
      };
    default:
      return unreachable(details);
  }
}

function rejection(
  { reason, newTotal }: Extract<Details, { readonly kind: 'booking_rejected' }>,
  words: Words,
): string {
  switch (reason) {
    case 'show_not_found':
      return 'The show is not on the programme any more.';
    case 'show_cancelled':
      return 'The show was cancelled.';
    case 'sales_closed':
      return 'The show was not on sale at that time.';
    case 'seat_unknown':
      return 'At least one of the seats does not exist in this theatre. Please choose again.';
    case 'seats_unavailable':
      return 'Somebody else was quicker: there are no such seats free.';
    case 'limit_exceeded':
      return 'You have reached the number of seats one customer may book, or wait for, of this show.';
    case 'price_changed':
      return newTotal === undefined
        ? 'The price has changed. Please look at the new one and book again.'
        : `The price has changed to ${words.money(newTotal)}. If that suits you, please book again.`;
    case 'payment_declined':
      return 'The payment was declined too often, and the seats were given back.';
    case 'timed_out':
      return 'We could not reserve seats in time. Please try again.';
    default:
      return unreachable(reason);
  }
}

function cancellation(details: Extract<Details, { readonly kind: 'booking_cancelled' }>, words: Words): Sentences {
  const { whole, cause, refund, kept, inCash } = details;
  const what = whole ? 'Your booking' : `${capital(words.placesIn(details))} of your booking`;
  const sentences = [
    cause === 'show_cancelled'
      ? `We are sorry: the show will not take place, and ${whole ? 'your booking' : words.placesIn(details)} was cancelled.`
      : `${what} ${whole || details.seats.length === 1 ? 'was' : 'were'} cancelled${cause === 'organizer' ? ' by the organizer' : ''}.`,
  ];
  if (refund !== undefined && refund.amount > 0)
    sentences.push(
      inCash
        ? `${words.money(refund)} is at the box office for you, where you can have it back in cash.`
        : `${words.money(refund)} is on its way back to you.`,
    );
  if (kept !== undefined && kept.amount > 0) {
    sentences.push(`${words.money(kept)} was kept under the terms of cancellation.`);
  }
  sentences.push(whole ? 'The tickets are no longer valid.' : 'The other tickets stay valid.');
  const subject = `${whole ? 'Your' : 'Part of your'} booking for ${words.title} was cancelled`;
  return { subject: cause === 'show_cancelled' ? `${words.title} was cancelled` : subject, sentences };
}

function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
