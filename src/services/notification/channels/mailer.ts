import { newId } from '../../../contracts/ids.ts';
import type { Channel, Mailer } from './channel.ts';

const mailTimeoutMs = 10_000;

/** Sends mail of other services through an e-mail channel; rejects when it was refused. */
export function createMailer(channel: Channel): Mailer {
  return {
    async send({ to, subject, text, userId, kind }) {
      const messageId = newId('message');
      const message = { deliveryKey: messageId, messageId, userId, bookingId: undefined, kind, to, subject, text };
      const delivery = await channel.send(message, AbortSignal.timeout(mailTimeoutMs));
      if (delivery.status === 'failed') throw new Error(`mail was refused: ${delivery.error}`);
    },
  };
}

/** Where there is no way out for mail: whoever sends some is told so, and it is written down. */
export const noMailer: Mailer = {
  send: () => Promise.reject(new Error('no mail server is configured; set SMTP_URL')),
};
