import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { tokenAudience } from '../runtime/http/auth.ts';

/**
 * Where the customers of a rehearsal are signed in: an issuer of tokens as OpenID Connect has it, of this process alone. Thousands
 * have an account each that way, and nobody's password has to be hashed.
 */
export interface Issuer {
  readonly url: string;
  /** An access token, good for as long as a rehearsal may take. */
  token(subject: string, roles?: readonly string[]): Promise<string>;
  stop(): Promise<void>;
}

const algorithm = 'EdDSA';
const keyId = 'rehearsal';
const goodSeconds = 6 * 3_600;

export async function startIssuer(): Promise<Issuer> {
  const { publicKey, privateKey } = await generateKeyPair(algorithm);
  const jwk = { ...(await exportJWK(publicKey)), kid: keyId, use: 'sig', alg: algorithm };
  const server = createServer((request, response) => {
    const documents: Readonly<Record<string, unknown>> = {
      '/.well-known/openid-configuration': { issuer: url, jwks_uri: `${url}/keys` },
      '/keys': { keys: [jwk] },
    };
    const document = documents[request.url ?? ''];
    response.writeHead(document === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(document ?? {}));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    token: (subject, roles = []) =>
      new SignJWT({ name: subject, roles })
        .setProtectedHeader({ alg: algorithm, kid: keyId, typ: 'JWT' })
        .setIssuer(url)
        .setAudience(tokenAudience)
        .setSubject(subject)
        .setIssuedAt()
        .setExpirationTime(`${goodSeconds} s`)
        .sign(privateKey),
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
