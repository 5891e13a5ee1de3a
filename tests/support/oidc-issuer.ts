import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';

/** A stand-in for an OpenID Connect provider: its discovery document, its keys, and tokens that it signs. */
export interface OidcIssuer {
  readonly url: string;
  /** How often its keys were asked for. */
  readonly asked: { keys: number };
  /** What its discovery document says, where that is to be something else. */
  says: Readonly<Record<string, unknown>>;
  /** An access token, good for a quarter of an hour where nothing else is said. */
  token(
    claims?: Readonly<Record<string, unknown>>,
    header?: { readonly kid?: string; readonly typ?: string },
  ): Promise<string>;
  stop(): Promise<void>;
}

export async function startOidcIssuer({ alg = 'RS256', audience = 'fullhouse-api' } = {}): Promise<OidcIssuer> {
  const { publicKey, privateKey } = await generateKeyPair(alg);
  const kid = randomUUID();
  const asked = { keys: 0 };
  const server = createServer((request, response) => {
    const jwks = async () => {
      asked.keys += 1;
      // As many providers publish it: without the algorithm it is for.
      return { keys: [{ ...(await exportJWK(publicKey)), kid, use: 'sig' }] };
    };
    const answers: Readonly<Record<string, () => Promise<unknown>>> = {
      '/.well-known/openid-configuration': async () => ({
        issuer: issuer.url,
        jwks_uri: `${issuer.url}/keys`,
        ...issuer.says,
      }),
      '/keys': jwks,
    };
    const answer = answers[request.url ?? ''];
    if (answer === undefined) return response.writeHead(404).end();
    void answer().then((body) => response.setHeader('content-type', 'application/json').end(JSON.stringify(body)));
    return undefined;
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const issuer: OidcIssuer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    says: {},
    token: (claims = {}, header = {}) => {
      const now = Math.floor(Date.now() / 1_000);
      const usual = { iss: issuer.url, aud: audience, sub: 'somebody', iat: now, exp: now + 900 };
      return new SignJWT({ ...usual, ...claims })
        .setProtectedHeader({ alg, kid, typ: 'JWT', ...header })
        .sign(privateKey);
    },
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return issuer;
}
