import { createTransport } from 'nodemailer';
import type { Channel, Delivery } from './channel.ts';

/** E-mail over SMTP. */
export interface SmtpOptions {
  /** `smtp://user:password@host:587` or `smtps://…`. */
  readonly url: string;
  /** `Name <address>`. */
  readonly from: string;
  readonly timeoutMs?: number;
}

export interface SmtpChannel extends Channel {
  close(): void;
}

const defaultTimeoutMs = 10_000;
const connectionsMax = 5;
/** Said before any message was handed over, or about the message itself: no is no. */
const refusals = ['EAUTH', 'EENVELOPE', 'EDNS'];

/**
 * An SMTP server as a channel. SMTP has no idempotency key, so a sending without a clear answer stays unknown; the
 * Message-ID is that of the sending, which lets a mail server that looks at it drop a second copy.
 */
export function createSmtpChannel({ url, from, timeoutMs = defaultTimeoutMs }: SmtpOptions): SmtpChannel {
  const transport = createTransport(
    {
      url,
      pool: true,
      maxConnections: connectionsMax,
      connectionTimeout: timeoutMs,
      greetingTimeout: timeoutMs,
      socketTimeout: timeoutMs,
      disableFileAccess: true,
      disableUrlAccess: true,
    },
    { from },
  );
  const domain = /@([^>\s]+)/.exec(from)?.[1] ?? 'localhost';
  return {
    idempotent: false,
    async send({ deliveryKey, to, subject, text }, signal): Promise<Delivery> {
      signal.throwIfAborted();
      const messageId = `<${deliveryKey}@${domain}>`;
      try {
        // The recipient as an object: an address is never read as a list of several.
        await transport.sendMail({ to: { name: '', address: to }, subject, text, messageId });
        return { status: 'delivered' };
      } catch (error) {
        const refused = refusalIn(error);
        if (refused !== undefined) return { status: 'failed', error: refused };
        throw error;
      }
    },
    close: () => transport.close(),
  };
}

/** Why it was certainly not taken: an answer of RFC 5321 (4xx, 5xx), or nobody there; `undefined` when nobody knows. */
function refusalIn(error: unknown): string | undefined {
  const { code, responseCode, syscall } = error as {
    readonly code?: string;
    readonly responseCode?: number;
    readonly syscall?: string;
  };
  if (responseCode !== undefined && responseCode >= 400) return `the mail server answered ${responseCode}`;
  if (code !== undefined && refusals.includes(code)) return `the mail server refused (${code})`;
  return syscall === 'connect' || syscall === 'getaddrinfo' ? 'the mail server cannot be reached' : undefined;
}
