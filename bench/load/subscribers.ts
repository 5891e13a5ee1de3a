import { connect, type Socket } from 'node:net';
import { serveParent } from './child.ts';
import type { SubscriberPlan, ToldOfSubscribers } from './run-subscribers.ts';

/**
 * Many who follow seat maps, in a process of their own: plain sockets that count what comes, so that they take as little of
 * the machine as can be.
 */
const atOnce = 200;
/** Each message ends with an empty line. */
const lineEnd = 0x0a;

serveParent<SubscriberPlan, ToldOfSubscribers>(async ({ url, paths, count }, tell) => {
  const { hostname, port } = new URL(url);
  const sockets: Socket[] = [];
  let messages = 0;
  let bytes = 0;
  const open = (path: string) =>
    new Promise<void>((resolve, reject) => {
      const socket = connect({ host: hostname, port: Number(port) });
      let isFirst = true;
      socket.on('data', (data) => {
        if (isFirst) resolve();
        isFirst = false;
        bytes += data.length;
        for (let at = data.indexOf(lineEnd); at !== -1; at = data.indexOf(lineEnd, at + 1))
          if (data[at + 1] === lineEnd) messages += 1;
      });
      socket.once('error', reject).once('close', () => reject(new Error('a seat map was closed')));
      socket.write(`GET ${path} HTTP/1.1\r\nhost: ${hostname}\r\naccept: text/event-stream\r\n\r\n`);
      sockets.push(socket);
    });
  for (let opened = 0; opened < count; opened += atOnce)
    await Promise.all(
      Array.from({ length: Math.min(atOnce, count - opened) }, (_, number) =>
        open(paths[(opened + number) % paths.length] ?? '/'),
      ),
    );
  process.on('message', () => tell({ kind: 'counted', messages, bytes }));
  tell({ kind: 'ready' });
  return async () => {
    for (const socket of sockets) socket.destroy();
  };
});
