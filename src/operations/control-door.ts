import { chmodSync } from 'node:fs';
import type { Server as HttpServer } from 'node:http';
import type { Server, Socket } from 'node:net';

/**
 * The command line's door: the socket in the data directory that also says whose the directory is. It is open from the
 * first moment of a start; whoever comes before there is somebody to answer waits until there is. Who may open the socket
 * is for the file system to say: only the user whose directory it is.
 */
export class ControlDoor {
  readonly #sockets = new Set<Socket>();
  #waiting: Socket[] = [];
  #server: HttpServer | undefined;

  constructor(control: Server, socketPath: string) {
    chmodSync(socketPath, 0o600);
    control.on('connection', (socket) => this.#welcome(socket));
  }

  #welcome(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    // A caller that goes away is no error of ours; the server listens for the rest.
    socket.on('error', () => socket.destroy());
    if (this.#server === undefined) this.#waiting.push(socket);
    else this.#server.emit('connection', socket);
  }

  /** Hands everybody who waits, and whoever comes, to a server. */
  open(server: HttpServer): void {
    this.#server = server;
    for (const socket of this.#waiting.splice(0)) if (!socket.destroyed) server.emit('connection', socket);
  }

  /** Ends every conversation, so that the socket can be closed. */
  close(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}
