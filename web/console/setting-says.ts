/** What each setting is for, to whoever is about to change it. */
export const settingSays: Readonly<Record<string, string>> = {
  holdTtlMs: 'How long seats are held for somebody who has not paid yet.',
  paymentGraceMs: 'How much longer they are held while a payment is under way.',
  paymentAttemptsMax: 'How often somebody may try to pay before the booking is given up.',
  paymentUnsettledAfterMs: 'After how long a charge without an answer is listed for a person to look at.',
  seatsPerBookingMax: 'How many seats one booking may have.',
  requestTtlMs: 'After how long a request for seats that was not decided is given up.',
  notificationGraceMs: 'How long tickets wait for the message about the payment.',
  referenceWaitMs: 'How long a request waits for a show or an account that was made a moment ago.',
  quoteTtlMs: 'How long a price that was shown is honoured.',
  bookingFeeMinor: 'The fee of a booking, whatever its currency.',
  notificationChannels: 'By which ways messages are sent.',
  paymentMethods: 'By what can be paid. Without card nothing new is charged.',
  retentionDays: 'How many days what only matters for a time is kept.',
  logLevels: 'How much each service writes to its log.',
  waitingRoomInsideMax:
    'How many of those who waited for a show may be inside at once, where its waiting room says nothing else.',
  waitingRoomVisitMs: 'How long somebody may choose and book once they were let in from a waiting room.',
  waitingListHoldMs: 'How long seats are held for somebody who has waited for them on the list of a sold-out show.',
  waitingListMax: 'How many bookings may wait on the list of one show.',
  rateLimitPerUser: 'How many requests a minute one customer may make.',
  rateLimitPerAddress: 'How many requests a minute may come from one address of the network.',
  traceSampleRatio: 'Which share of requests is traced: 0.01 is one in a hundred.',
  loginsPerMinute: 'How often a minute somebody may try to sign in by one e-mail address.',
  pricingRules:
    'How prices follow the demand and the time left, and between which bounds. Where they may go neither below nor above 100 %, they stay as the show has them.',
};
