import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';

/**
 * A stand-in for an OpenID Connect provider: its discovery document, its keys, and tokens that it signs. Whoever comes to it with a
 * browser is signed in at once, as `somebody`, by the authorization code flow with PKCE for public clients.
 */
export interface OidcIssuer {
  readonly url: string;
  /** How often its keys were asked for. */
  readonly asked: { keys: number };
  /** What its discovery document says, where that is to be something else. */
  says: Readonly<Record<string, unknown>>;
  /** Who is signed in with a browser, by the claims of their tokens. */
  somebody: Readonly<Record<string, unknown>>;
  /** How long their tokens are good. */
  secondsGood: number;
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
  const flow = codeFlow(() => issuer);
  const server = createServer((request, response) => {
    // As providers do for pages that are known to them.
    response.setHeader('access-control-allow-origin', '*');
    if (flow(request, response)) return undefined;
    const jwks = async () => {
      asked.keys += 1;
      // As many providers publish it: without the algorithm it is for.
      return { keys: [{ ...(await exportJWK(publicKey)), kid, use: 'sig' }] };
    };
    const answers: Readonly<Record<string, () => Promise<unknown>>> = {
      '/.well-known/openid-configuration': async () => ({
        issuer: issuer.url,
        jwks_uri: `${issuer.url}/keys`,
        authorization_endpoint: `${issuer.url}/authorize`,
        token_endpoint: `${issuer.url}/token`,
        end_session_endpoint: `${issuer.url}/end`,
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
    somebody: {},
    secondsGood: 900,
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

/** The code flow of a provider; answers what belongs to it, and tells whether something did. */
function codeFlow(issuerOf: () => OidcIssuer): (request: IncomingMessage, response: ServerResponse) => boolean {
  /** The challenge of each code that was not used yet. */
  const codes = new Map<string, string>();
  const refreshTokens = new Set<string>();
  const pair = async () => {
    const { secondsGood, somebody, token } = issuerOf();
    const exp = Math.floor(Date.now() / 1_000) + secondsGood;
    const refreshToken = randomUUID();
    refreshTokens.add(refreshToken);
    return { access_token: await token({ ...somebody, exp }), refresh_token: refreshToken, expires_in: secondsGood };
  };
  const isGranted = (form: URLSearchParams): boolean => {
    if (form.get('grant_type') === 'refresh_token') return refreshTokens.delete(form.get('refresh_token') ?? '');
    const code = form.get('code') ?? '';
    const challenge = codes.get(code);
    codes.delete(code);
    return (
      challenge ===
      createHash('sha256')
        .update(form.get('code_verifier') ?? '')
        .digest('base64url')
    );
  };
  return (request, response) => {
    const { pathname, searchParams: query } = new URL(request.url ?? '', issuerOf().url);
    if (pathname === '/authorize') {
      const code = randomUUID();
      codes.set(code, query.get('code_challenge') ?? '');
      const back = new URL(query.get('redirect_uri') ?? '');
      back.searchParams.set('code', code);
      back.searchParams.set('state', query.get('state') ?? '');
      response.writeHead(302, { location: back.href }).end();
    } else if (pathname === '/token') {
      void text(request).then(async (body) => {
        const isGood = isGranted(new URLSearchParams(body));
        response.writeHead(isGood ? 200 : 400, { 'content-type': 'application/json' });
        response.end(JSON.stringify(isGood ? await pair() : { error: 'invalid_grant', error_description: 'No.' }));
      });
    } else if (pathname === '/end') {
      response.writeHead(302, { location: query.get('post_logout_redirect_uri') ?? '' }).end();
    } else return false;
    return true;
  };
}
