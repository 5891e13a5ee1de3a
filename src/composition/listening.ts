import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { ConfigurationError } from '../runtime/configuration.ts';

/** Where a server listens, and which variable says so. */
export interface ListenAt {
  readonly host: string;
  readonly port: number;
  readonly variable: 'PORT' | 'ADMIN_PORT';
}

/**
 * Connections that may wait to be accepted: an on-sale opens thousands in the same moment, and Node.js takes 511 unless told.
 * The system's own limit is beside it (Linux, `net.core.somaxconn`); whoever comes beyond tries again after a second, or is
 * cut off.
 */
export const connectionsWaitingMax = 4_096;

/** Listens and returns the server's URL, or says in one line which variable gives another place. */
export async function listen(server: FastifyInstance, at: ListenAt): Promise<string> {
  try {
    await server.listen({ host: at.host, port: at.port, backlog: connectionsWaitingMax });
    return urlOfServer(server.server.address(), at.host);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    // A name that nobody knows, or an address of another machine: the port is not what is wrong.
    if (code === 'ENOTFOUND' || code === 'EADDRNOTAVAIL')
      throw new ConfigurationError(
        `HOST: ${at.host} is no address of this machine; leave it out to listen on 127.0.0.1`,
        { cause },
      );
    const why = code === 'EADDRINUSE' ? `port ${at.port} of ${at.host} is in use` : message;
    throw new ConfigurationError(`${at.variable}: ${why}; set ${at.variable} to another port (0 takes a free one)`, {
      cause,
    });
  }
}

function urlOfServer(address: string | AddressInfo | null, host: string): string {
  const port = address !== null && typeof address !== 'string' ? address.port : 0;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
