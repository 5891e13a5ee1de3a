import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { z } from 'zod';
import { logLevels } from '../contracts/settings.ts';
import { type ServiceName, serviceNames } from '../contracts/topics.ts';
import { plainly } from './wording.ts';

/**
 * Configuration that is fixed at start: defaults < environment < `NAME_FILE` secrets, checked and frozen. Settings that
 * change while the system runs are the `settings` topic.
 */
const port = z.coerce.number().int().min(0).max(65_535);
const truth = z.enum(['true', 'false', '1', '0']).transform((text) => text === 'true' || text === '1');
const secret = z.string().min(32, 'must have at least 32 characters');
const databaseUrl = z
  .string()
  .refine(isDatabaseUrl, {
    message:
      'must be a URL like postgres://user@host:5432/database, with a port up to 65535 and / ? # of a password as %2F %3F %23',
  })
  .optional();
const addresses = z
  .string()
  .transform((text) => text.split(',').map((each) => each.trim().replace(/\/+$/, '')))
  .refine((urls) => urls.every(isAddress), {
    message: 'must be a URL like http://127.0.0.1:9101, without a path, or several separated by commas',
  })
  .optional();
/** What balancers have in front of the gateway: addresses, or networks as prefixes. */
const networks = z
  .string()
  .transform((text) => text.split(',').map((each) => each.trim()))
  .refine((all) => all.every(isNetwork), {
    message: 'must be addresses or networks like 10.0.0.0/8, several of them separated by commas',
  })
  .optional();
/** A URL of HTTP, with a path where there is one. */
const webUrl = (example: string) => z.url({ protocol: /^https?$/, error: `must be a URL like ${example}` });

/** One secret, or two while it is being changed: both are taken. */
const stripeWebhookSecrets = z
  .string()
  .transform((text) => text.split(',').map((each) => each.trim()))
  .refine((all) => all.every((each) => /^whsec_\S{16,}$/.test(each)), {
    message: 'must be a signing secret like whsec_…, or two of them separated by a comma while it is being changed',
  });

/** As libpq reads them: also without a host, for a socket. */
function isDatabaseUrl(text: string): boolean {
  if (!/^postgres(ql)?:\/\/\S+$/.test(text)) return false;
  return URL.canParse(filledIn(text, 'service').replace('@/', '@socket/'));
}

/** Nothing but where something listens: paths are the gateway's to choose. */
function isAddress(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && /^https?:$/.test(url.protocol) && url.href === `${url.origin}/`;
}

function isNetwork(text: string): boolean {
  const [, address = '', prefix] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const version = isIP(address);
  if (prefix === undefined) return version !== 0;
  return Number(prefix) >= 1 && Number(prefix) <= (version === 6 ? 128 : version === 4 ? 32 : 0);
}

/** What runs as a process of its own beside the services. */
export type RoleName = ServiceName | 'operations';
/** What the gateway passes requests on to. */
export const serviceRoles: readonly RoleName[] = [...serviceNames, 'operations'];
type Spelled<Name extends string> = Name extends `${infer First}-${infer Rest}`
  ? `${Uppercase<First>}_${Spelled<Rest>}`
  : Uppercase<Name>;

/** A service's name as environment variables spell it: `seat-inventory` is `SEAT_INVENTORY`. */
function spelled<Name extends RoleName>(name: Name): Spelled<Name> {
  return name.replaceAll('-', '_').toUpperCase() as Spelled<Name>;
}
const databaseUrls = Object.fromEntries(
  serviceNames.map((name) => [`${spelled(name)}_DATABASE_URL`, databaseUrl]),
) as Record<`${Spelled<ServiceName>}_DATABASE_URL`, typeof databaseUrl>;
const serviceUrls = Object.fromEntries(serviceRoles.map((name) => [`${spelled(name)}_URL`, addresses])) as Record<
  `${Spelled<RoleName>}_URL`,
  typeof addresses
>;

/** `host:port` of one or more brokers, separated by commas; an IPv6 address in brackets. */
const brokers = z.string().transform((text, context) =>
  text.split(',').map((each) => {
    const [, bracketed, plain, digits] = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]/@]+)):(\d{1,5})$/.exec(each.trim()) ?? [];
    const broker = { host: bracketed ?? plain ?? '', port: Number(digits) };
    if (broker.host === '' || !(broker.port >= 1 && broker.port <= 65_535)) {
      context.addIssue({ code: 'custom', message: 'must be host:port, several of them separated by commas' });
    }
    return broker;
  }),
);

/** Another kind of key would sign what nobody can read. */
function isKey(pem: string, type: 'ed25519' | 'rsa'): boolean {
  try {
    return createPrivateKey(pem).asymmetricKeyType === type;
  } catch {
    return false;
  }
}

/** A certificate in PEM, as `openssl x509` writes it. */
const certificate = z
  .string()
  .refine(isCertificate, 'must be a certificate in PEM: openssl x509 -inform der -in <file>');
/** A key in PEM that no passphrase is needed for. */
const rsaKey = z.string().refine((pem) => isKey(pem, 'rsa'), 'must be an RSA private key in PEM, without a passphrase');

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).subject !== '';
  } catch {
    return false;
  }
}

const serviceAccount = z.object({ client_email: z.email(), private_key: rsaKey });

/** The key of a service account, as Google gives it. */
function readServiceAccount(text: string, context: z.RefinementCtx): z.infer<typeof serviceAccount> {
  try {
    return serviceAccount.parse(JSON.parse(text));
  } catch {
    context.addIssue({ code: 'custom', message: 'must be the JSON key of a service account, as Google gives it' });
    return z.NEVER;
  }
}

/** The certificates in a file, as PEM. */
function readCertificates(file: string, context: z.RefinementCtx): string {
  try {
    const text = readFileSync(file, 'utf8');
    if (text.includes('-----BEGIN CERTIFICATE-----')) return text;
    context.addIssue({ code: 'custom', message: 'must name a file of certificates in PEM' });
  } catch {
    context.addIssue({ code: 'custom', message: 'cannot be read; give a readable file' });
  }
  return z.NEVER;
}

const schema = z.object({
  PORT: port.default(8080),
  HOST: z.string().min(1).default('127.0.0.1'),
  ADMIN_PORT: port.optional(),
  TRUSTED_PROXIES: networks,
  FULLHOUSE_DATA_DIR: z.string().min(1).default('.fullhouse'),
  FULLHOUSE_DEMO: truth.optional(),
  FULLHOUSE_ADMIN_EMAIL: z.email('must be an e-mail address').optional(),
  FULLHOUSE_ADMIN_PASSWORD: z.string().min(8, 'must have at least 8 characters').max(128).optional(),
  FULLHOUSE_PARTITIONS: z.coerce.number().int().min(1).max(128).default(4),
  DATABASE_URL: databaseUrl,
  ...databaseUrls,
  SANDBOX_DATABASE_URL: databaseUrl,
  ...serviceUrls,
  OIDC_ISSUER: webUrl('https://sign-in.example/realms/fullhouse').optional(),
  OIDC_AUDIENCE: z.string().min(1).optional(),
  OIDC_ROLES_CLAIM: z.string().min(1).optional(),
  OIDC_CLIENT_ID: z.string().min(1).optional(),
  JWKS_URL: webUrl('http://127.0.0.1:9102/.well-known/jwks.json').optional(),
  KAFKA_BROKERS: brokers.optional(),
  KAFKA_TLS: truth.default(false),
  KAFKA_TLS_CA: z.string().min(1).transform(readCertificates).optional(),
  KAFKA_SASL_MECHANISM: z.enum(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512']).optional(),
  KAFKA_SASL_USERNAME: z.string().min(1).optional(),
  KAFKA_SASL_PASSWORD: z.string().min(1).optional(),
  KAFKA_REPLICATION_FACTOR: z.coerce.number().int().min(1).max(32_767).default(1),
  KAFKA_MIN_INSYNC_REPLICAS: z.coerce.number().int().min(1).max(32_767).default(1),
  QUOTE_SECRET: secret.optional(),
  SANDBOX_WEBHOOK_SECRET: secret.optional(),
  PAYMENT_PROVIDER: z.enum(['sandbox', 'stripe']).default('sandbox'),
  STRIPE_SECRET_KEY: z
    .string()
    .regex(/^(sk|rk)_(test|live)_\S+$/, 'must be a secret or restricted key like sk_live_… or rk_test_…')
    .optional(),
  STRIPE_PUBLISHABLE_KEY: z
    .string()
    .regex(/^pk_(test|live)_\S+$/, 'must be a publishable key like pk_live_…')
    .optional(),
  STRIPE_WEBHOOK_SECRET: stripeWebhookSecrets.optional(),
  STRIPE_JS_URL: webUrl('https://js.stripe.com/v3/').optional(),
  STRIPE_API_URL: z.string().refine(isAddress, 'must be a URL like http://127.0.0.1:12111, without a path').optional(),
  TICKET_SIGNING_KEY: z
    .string()
    .refine(
      (pem) => isKey(pem, 'ed25519'),
      'must be an Ed25519 private key (PKCS #8 in PEM): openssl genpkey -algorithm ed25519',
    )
    .optional(),
  WALLET_PASS_TYPE_ID: z
    .string()
    .regex(/^pass\.[A-Za-z0-9.-]+$/, 'must be a pass type identifier like pass.example.tickets')
    .optional(),
  WALLET_TEAM_ID: z
    .string()
    .regex(/^[A-Z0-9]{10}$/, 'must be a team identifier: 10 capitals and digits')
    .optional(),
  WALLET_CERTIFICATE: certificate.optional(),
  WALLET_CERTIFICATE_KEY: rsaKey.optional(),
  WALLET_WWDR_CERTIFICATE: certificate.optional(),
  GOOGLE_WALLET_ISSUER_ID: z
    .string()
    .regex(/^\d{5,25}$/, 'must be the number of an issuer account, such as 3388000000012345678')
    .optional(),
  GOOGLE_WALLET_SERVICE_ACCOUNT: z.string().transform(readServiceAccount).optional(),
  SMTP_URL: z.url({ protocol: /^smtps?$/, error: 'must be a URL like smtp://user:password@host:587' }).optional(),
  MAIL_FROM: z.string().min(3).default('Fullhouse <tickets@fullhouse.example>'),
  TWILIO_ACCOUNT_SID: z
    .string()
    .regex(/^AC[0-9a-f]{32}$/, 'must be an account SID: AC and 32 hexadecimal digits')
    .optional(),
  TWILIO_AUTH_TOKEN: z.string().min(1).optional(),
  TWILIO_FROM: z
    .string()
    .regex(
      /^(\+[1-9][0-9]{1,14}|MG[0-9a-f]{32}|[A-Za-z0-9 ]{1,11})$/,
      'must be a number like +442071234567, a messaging service (MG and 32 hexadecimal digits) or a sender of up to 11 letters',
    )
    .optional(),
  TWILIO_API_URL: webUrl('https://api.twilio.com').optional(),
  PUBLIC_URL: webUrl('https://tickets.example')
    .transform((url) => url.replace(/\/+$/, ''))
    .optional(),
  CHECK_EVERY_HOURS: z.coerce
    .number('must be a number of hours from 0 to 168')
    .min(0, 'must be from 0 (never by itself) to 168')
    .max(168, 'must be from 0 (never by itself) to 168')
    .default(24),
  OTEL_EXPORTER_OTLP_ENDPOINT: webUrl('http://collector:4318').optional(),
  OTEL_SERVICE_NAME: z.string().min(1).optional(),
  LOG_LEVEL: z.enum(logLevels).default('info'),
});

export type Configuration = Readonly<z.infer<typeof schema>>;
export type PaymentProviderName = Configuration['PAYMENT_PROVIDER'];
const secrets: readonly string[] = [
  'QUOTE_SECRET',
  'SANDBOX_WEBHOOK_SECRET',
  'STRIPE_SECRET_KEY',
  // Whoever mixes up the two keys has the secret one in it.
  'STRIPE_PUBLISHABLE_KEY',
  'STRIPE_WEBHOOK_SECRET',
  'TICKET_SIGNING_KEY',
  'FULLHOUSE_ADMIN_PASSWORD',
  'DATABASE_URL',
  'SANDBOX_DATABASE_URL',
  ...Object.keys(databaseUrls),
  'WALLET_CERTIFICATE',
  'WALLET_CERTIFICATE_KEY',
  'WALLET_WWDR_CERTIFICATE',
  'GOOGLE_WALLET_SERVICE_ACCOUNT',
  'SMTP_URL',
  'TWILIO_AUTH_TOKEN',
  'KAFKA_SASL_PASSWORD',
];

/** A wrong or missing setting: one line that names it and the fix. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
  readonly code = 'configuration_wrong';
  readonly retryable = false;
}

/**
 * Reads the configuration from an environment. Throws `ConfigurationError` with one line that names every wrong
 * variable and what it should be; values of secrets are never repeated.
 */
export function readConfiguration(environment: Readonly<Record<string, string | undefined>>): Configuration {
  const given: Record<string, string> = {};
  for (const name of Object.keys(schema.shape)) {
    const direct = environment[name];
    const file = environment[`${name}_FILE`];
    if (file !== undefined && file !== '') given[name] = readSecret(name, file);
    else if (direct !== undefined && direct !== '') given[name] = direct;
  }
  const unknown = Object.keys(environment).filter(
    (name) => name.startsWith('FULLHOUSE_') && !Object.hasOwn(schema.shape, name.replace(/_FILE$/, '')),
  );
  if (unknown.length > 0) {
    throw new ConfigurationError(`${unknown.join(', ')}: no such setting; remove it or check the spelling`);
  }
  const parsed = schema.safeParse(given, { error: plainly });
  if (parsed.success) {
    const contradiction = contradictionIn(parsed.data);
    if (contradiction !== undefined) throw new ConfigurationError(contradiction);
    return Object.freeze(parsed.data);
  }
  const wrong = parsed.error.issues.map((issue) => {
    const name = String(issue.path[0]);
    const shown = secrets.includes(name) ? '' : ` (it is "${given[name]}")`;
    return `${name}: ${issue.message}${shown}`;
  });
  throw new ConfigurationError(wrong.join('; '));
}

/** Settings of which each means something only with the others. */
const togetherOrNot = [
  ['KAFKA_SASL_MECHANISM', 'KAFKA_SASL_USERNAME', 'KAFKA_SASL_PASSWORD'],
  ['TWILIO_ACCOUNT_SID', 'TWILIO_AUTH_TOKEN', 'TWILIO_FROM'],
  [
    ...(['WALLET_PASS_TYPE_ID', 'WALLET_TEAM_ID'] as const),
    ...(['WALLET_CERTIFICATE', 'WALLET_CERTIFICATE_KEY', 'WALLET_WWDR_CERTIFICATE'] as const),
  ],
  ['GOOGLE_WALLET_ISSUER_ID', 'GOOGLE_WALLET_SERVICE_ACCOUNT'],
] as const;

/** Settings that are well each alone, and not together. */
function contradictionIn(given: Configuration): string | undefined {
  return (
    halfOf(given) ??
    contradictionInKafka(given) ??
    contradictionInStripe(given) ??
    contradictionInSignIn(given) ??
    contradictionInWallet(given)
  );
}

const ofStripe = [
  ...(['STRIPE_SECRET_KEY', 'STRIPE_PUBLISHABLE_KEY', 'STRIPE_WEBHOOK_SECRET'] as const),
  ...(['STRIPE_API_URL', 'STRIPE_JS_URL'] as const),
];

/** Money would be taken where nobody thinks of it, or not taken where somebody does. */
function contradictionInStripe(given: Configuration): string | undefined {
  const set = ofStripe.filter((name) => given[name] !== undefined);
  if (set.length > 0 && given.PAYMENT_PROVIDER !== 'stripe')
    return `${set.join(', ')}: means nothing without PAYMENT_PROVIDER=stripe; set both, or remove it`;
  const [mode, other] = [given.STRIPE_SECRET_KEY, given.STRIPE_PUBLISHABLE_KEY].map((key) => key?.split('_')[1]);
  if (mode !== undefined && other !== undefined && mode !== other)
    return `STRIPE_PUBLISHABLE_KEY: is a ${other} key where STRIPE_SECRET_KEY is a ${mode} one; set two of the same`;
  if (mode === 'live' && given.STRIPE_API_URL?.startsWith('http:') === true)
    return 'STRIPE_API_URL: would send a live key in the clear; set an https:// address, or remove it';
  return undefined;
}

function halfOf(given: Configuration): string | undefined {
  for (const names of togetherOrNot) {
    const missing = names.filter((name) => given[name] === undefined);
    if (missing.length > 0 && missing.length < names.length)
      return `${missing.join(', ')}: missing; set all of ${names.join(', ')}, or none`;
  }
  return undefined;
}

function contradictionInKafka(given: Configuration): string | undefined {
  if (given.KAFKA_TLS_CA !== undefined && !given.KAFKA_TLS)
    return 'KAFKA_TLS_CA: means nothing without KAFKA_TLS=true; set both, or remove it';
  if (given.KAFKA_MIN_INSYNC_REPLICAS > given.KAFKA_REPLICATION_FACTOR)
    return `KAFKA_MIN_INSYNC_REPLICAS: ${given.KAFKA_MIN_INSYNC_REPLICAS} of ${given.KAFKA_REPLICATION_FACTOR} replicas can never be in sync; set it to KAFKA_REPLICATION_FACTOR at the most`;
  return undefined;
}

function contradictionInSignIn(given: Configuration): string | undefined {
  for (const name of ['OIDC_AUDIENCE', 'OIDC_ROLES_CLAIM', 'OIDC_CLIENT_ID'] as const)
    if (given[name] !== undefined && given.OIDC_ISSUER === undefined)
      return `${name}: means nothing without OIDC_ISSUER; set both, or remove it`;
  return undefined;
}

/** Apple's phones refuse a pass without a word where one of these does not fit the others. */
function contradictionInWallet(given: Configuration): string | undefined {
  const { WALLET_CERTIFICATE: pem, WALLET_CERTIFICATE_KEY: key, WALLET_WWDR_CERTIFICATE: authority } = given;
  if (pem === undefined || key === undefined || authority === undefined) return undefined;
  const certificate = new X509Certificate(pem);
  const said = certificate.subject.split('\n');
  if (!certificate.checkPrivateKey(createPrivateKey(key)))
    return 'WALLET_CERTIFICATE_KEY: is not the key of WALLET_CERTIFICATE; set the two that belong together';
  if (!said.includes(`UID=${given.WALLET_PASS_TYPE_ID}`))
    return 'WALLET_PASS_TYPE_ID: is not what WALLET_CERTIFICATE is for; set the one that its subject has as UID';
  if (!said.includes(`OU=${given.WALLET_TEAM_ID}`))
    return 'WALLET_TEAM_ID: is not whose WALLET_CERTIFICATE is; set the one that its subject has as OU';
  if (!certificate.verify(new X509Certificate(authority).publicKey))
    return 'WALLET_WWDR_CERTIFICATE: has not issued WALLET_CERTIFICATE; set the intermediate certificate that its issuer names';
  return undefined;
}

function readSecret(name: string, file: string): string {
  try {
    return readFileSync(file, 'utf8').trimEnd();
  } catch (cause) {
    throw new ConfigurationError(`${name}_FILE: cannot read ${file}; give a readable file`, { cause });
  }
}

/** The addresses of a service's HTTP side, as `BOOKING_URL` names them; empty where it names none. */
export function addressesOf(configuration: Configuration, name: RoleName): readonly string[] {
  return configuration[`${spelled(name)}_URL`] ?? [];
}

/**
 * The connection URL of a database: its own variable (`BOOKING_DATABASE_URL`), else `DATABASE_URL`, whose `{service}` is
 * replaced by the database's name, or, without such a place, whose database is. `undefined` where neither is set.
 */
export function databaseUrlOf(configuration: Configuration, name: ServiceName | 'sandbox'): string | undefined {
  const own = name === 'sandbox' ? configuration.SANDBOX_DATABASE_URL : configuration[`${spelled(name)}_DATABASE_URL`];
  const shared = configuration.DATABASE_URL;
  if (own !== undefined || shared === undefined) return own;
  const database = name === 'sandbox' ? 'sandbox_provider' : name.replaceAll('-', '_');
  return isPattern(shared) ? filledIn(shared, database) : withDatabase(shared, database);
}

function withDatabase(url: string, database: string): string {
  const [base = '', query] = url.split('?', 2);
  const place = base.replace(/^([a-z]+:\/\/[^/]*)(\/.*)?$/, `$1/${database}`);
  return query === undefined ? place : `${place}?${query}`;
}

/**
 * Where databases can be made: the database that `DATABASE_URL` names or, where that has a place for the names of services,
 * `postgres` on the same server. `undefined` where it names no role or server that is the same for all of them.
 */
export function administrationUrlOf({ DATABASE_URL: shared }: Configuration): string | undefined {
  if (shared === undefined || !isPattern(shared)) return shared;
  const url = withDatabase(shared, 'postgres');
  return isPattern(url) ? undefined : url;
}

const servicePlace = /\{service\}|%7Bservice%7D/gi;

/** Whether a URL has a place for the name of a service's database. */
function isPattern(url: string): boolean {
  return url.search(servicePlace) >= 0;
}

function filledIn(url: string, database: string): string {
  return url.replaceAll(servicePlace, database);
}

/** The variable that names the addresses of a service's HTTP side. */
export function variableOf(name: RoleName): string {
  return `${spelled(name)}_URL`;
}

/** The variable that names a database of its own, for whoever has to set it. */
export function databaseVariableOf(
  name: ServiceName | 'sandbox',
): 'SANDBOX_DATABASE_URL' | `${Spelled<ServiceName>}_DATABASE_URL` {
  return name === 'sandbox' ? 'SANDBOX_DATABASE_URL' : `${spelled(name)}_DATABASE_URL`;
}

/** A database as its operator knows it: whose it is, and which variable its URL comes from. */
export function databaseAsNamed(configuration: Configuration, name: ServiceName | 'sandbox'): string {
  const own = databaseVariableOf(name);
  return `the database of ${name} (${configuration[own] === undefined ? 'DATABASE_URL' : own})`;
}

/** Whether services and commands work over Kafka and databases elsewhere, not in a data directory of their own. */
export function isCluster({ KAFKA_BROKERS: brokers, DATABASE_URL: url }: Configuration): boolean {
  return brokers !== undefined || url !== undefined;
}
