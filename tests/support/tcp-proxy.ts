import { connect, createServer, type Socket } from 'node:net';

/** A wire between a client and a server on this machine that can be cut, or become slow. */
export interface TcpProxy {
  readonly port: number;
  /** How long what the server says is under way. */
  delayMs: number;
  /** Cuts every connection, and lets nobody through until it is mended. */
  cut(): void;
  mend(): void;
  close(): Promise<void>;
}

/** `target`: the port that is asked for at each connection. */
export async function startTcpProxy(target: () => number): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let isCut = false;
  const proxy = { delayMs: 0 };
  const server = createServer((client) => {
    if (isCut) return void client.destroy();
    const upstream = connect(target(), '127.0.0.1');
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
      socket.on('close', () => sockets.delete(socket));
    }
    client.on('data', (chunk) => void upstream.write(chunk));
    client.on('close', () => upstream.destroy());
    let due = 0;
    /** Nothing overtakes what was said before it. */
    const later = (work: () => void) => {
      due = Math.max(due, performance.now() + proxy.delayMs);
      setTimeout(() => (client.destroyed ? undefined : work()), Math.max(0, due - performance.now()));
    };
    upstream.on('data', (chunk) => later(() => void client.write(chunk)));
    upstream.on('close', () => later(() => void client.end()));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const cut = () => {
    isCut = true;
    for (const socket of sockets) socket.destroy();
  };
  return Object.assign(proxy, {
    port: address !== null && typeof address === 'object' ? address.port : 0,
    cut,
    mend: () => {
      isCut = false;
    },
    close: () => {
      cut();
      return new Promise<void>((resolve) => server.close(() => resolve()));
    },
  });
}
