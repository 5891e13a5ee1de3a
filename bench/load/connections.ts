import { connect, type Socket } from 'node:net';

/** What came back; status 0 where nothing did. */
export interface Answer {
  readonly status: number;
  readonly location: string;
}

const none: Answer = { status: 0, location: '' };
const headEnd = '\r\n\r\n';
const lengthLine = /\r\ncontent-length: (\d+)/i;
const locationLine = /\r\nlocation: ([^\r]*)/i;

/**
 * HTTP connections that are kept, with one request at a time on each, as thin as can be: the customers of a measurement share
 * the machine with what is measured, and a client that does everything takes more of it than a refusal does.
 */
export class Connections {
  readonly #host: string;
  readonly #port: number;
  readonly #connectionsMax: number;
  readonly #free: Connection[] = [];
  #open = 0;

  constructor(url: string, connectionsMax: number) {
    const { hostname, port } = new URL(url);
    this.#host = hostname;
    this.#port = Number(port);
    this.#connectionsMax = connectionsMax;
  }

  get isFree(): boolean {
    return this.#free.length > 0 || this.#open < this.#connectionsMax;
  }

  post(path: string, headers: string, body: string, onAnswer: (answer: Answer) => void): void {
    const length = Buffer.byteLength(body);
    const head = `POST ${path} HTTP/1.1\r\nhost: ${this.#host}\r\n${headers}content-length: ${length}`;
    this.#taken().send(`${head}${headEnd}${body}`, onAnswer);
  }

  #taken(): Connection {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    this.#open += 1;
    return new Connection(connect({ host: this.#host, port: this.#port, noDelay: true }), {
      onFree: (connection) => this.#free.push(connection),
      onClosed: (connection) => {
        this.#open -= 1;
        const at = this.#free.indexOf(connection);
        if (at !== -1) this.#free.splice(at, 1);
      },
    });
  }
}

class Connection {
  readonly #socket: Socket;
  readonly #onFree: (connection: Connection) => void;
  #onAnswer: ((answer: Answer) => void) | undefined;
  #received = '';

  constructor(
    socket: Socket,
    told: {
      readonly onFree: (connection: Connection) => void;
      readonly onClosed: (connection: Connection) => void;
    },
  ) {
    this.#socket = socket;
    this.#onFree = told.onFree;
    socket.setEncoding('latin1');
    socket.on('data', (data: string) => this.#receive(data));
    // Whatever is wrong closes it, and that is told.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      told.onClosed(this);
      this.#answer(none);
    });
  }

  send(request: string, onAnswer: (answer: Answer) => void): void {
    this.#onAnswer = onAnswer;
    this.#socket.write(request);
  }

  #receive(data: string): void {
    this.#received += data;
    const end = this.#received.indexOf(headEnd);
    if (end === -1) return;
    const head = this.#received.slice(0, end);
    const length = lengthLine.exec(head)?.[1];
    // Every answer that is waited for here says how long it is.
    if (length === undefined) return void this.#socket.destroy();
    if (this.#received.length < end + headEnd.length + Number(length)) return;
    this.#received = '';
    this.#onFree(this);
    this.#answer({ status: Number(head.slice(9, 12)), location: locationLine.exec(head)?.[1] ?? '' });
  }

  #answer(answer: Answer): void {
    const onAnswer = this.#onAnswer;
    this.#onAnswer = undefined;
    onAnswer?.(answer);
  }
}
