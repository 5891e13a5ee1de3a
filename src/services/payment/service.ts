import { type ServiceDefinition, stream } from '../../runtime/service.ts';
import { payments as paymentsDecider } from './decider.ts';
import { authorisationReleaseStarted, chargeAsked, chargeRequested, refundStarted } from './effects.ts';
import { unsettled } from './gauges.ts';
import { measures } from './measures.ts';
import { captures, disputes, payments, refunds, retentions } from './projection.ts';
import { endpoints } from './routes.ts';
import { routes } from './routing.ts';

/** Charges and refunds, through a provider that may be slow, silent or down. */
export const payment: ServiceDefinition = {
  name: 'payment',
  mainInput: 'movie-found',
  inputs: ['movie-found', 'booking-events', 'booking-movie'],
  references: ['settings'],
  streams: { payments: stream({ decider: paymentsDecider, shape: 'whole' }) },
  routes,
  effects: {
    ChargeRequested: chargeRequested,
    ChargeAsked: chargeAsked,
    RefundStarted: refundStarted,
    AuthorisationReleaseStarted: authorisationReleaseStarted,
  },
  views: [payments, refunds, disputes],
  statements: captures,
  retentions,
  endpoints,
  measures,
  gauges: [unsettled],
};
