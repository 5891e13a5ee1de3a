import { type ServiceDefinition, stream } from '../../runtime/service.ts';
import { tickets as ticketsDecider } from './decider.ts';
import { measures } from './measures.ts';
import { ownerKnownFrom, owners, recalled, retentions, tickets } from './projection.ts';
import { ticketsReturnSought } from './return.ts';
import { endpoints } from './routes.ts';
import { routes, ticketIssued, ticketTransferred } from './routing.ts';

/** Tickets: issued once money and seats are there, checked at the door, given to others, void when a booking is undone. */
export const ticket: ServiceDefinition = {
  name: 'ticket',
  answersFromDatabase: true,
  mainInput: 'notification-sent',
  inputs: ['notification-sent', 'payment-topic', 'booking-events'],
  references: ['catalog', 'seat-plans', 'user-profiles', 'settings'],
  streams: { tickets: stream({ decider: ticketsDecider, shape: 'whole' }) },
  routes,
  effects: { TicketsReturnSought: ticketsReturnSought },
  views: [tickets],
  statements: owners,
  recalled,
  statementsOn: ownerKnownFrom,
  unhurried: ['BookingCreated'],
  retentions,
  enrich: { TicketIssued: ticketIssued, TicketTransferred: ticketTransferred },
  endpoints,
  measures,
};
