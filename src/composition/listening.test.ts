import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, describe, it } from 'node:test';
import Fastify from 'fastify';
import { listen } from './listening.ts';

const customers = 1_000;

describe('a server that listens', () => {
  const server = Fastify();
  let url: string;
  before(async () => {
    server.get('/', async () => 'seated');
    url = await listen(server, { host: '127.0.0.1', port: 0, variable: 'PORT' });
  });
  after(() => server.close());

  it(`answers each of ${customers} who connect in the same moment`, async () => {
    const { hostname, port } = new URL(url);
    const answered = (): Promise<string> =>
      new Promise((resolve, reject) => {
        const socket = connect({ host: hostname, port: Number(port) });
        let received = '';
        socket.setEncoding('utf8').on('data', (data) => {
          received += data;
        });
        socket.once('error', reject).once('end', () => resolve(received));
        socket.write('GET / HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n');
      });
    const answers = await Promise.all(Array.from({ length: customers }, answered));
    assert.equal(answers.filter((answer) => /^HTTP\/1\.1 200 .*seated$/s.test(answer)).length, customers);
  });
});
