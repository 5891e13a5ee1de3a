import { type ServiceName, serviceNames } from '../contracts/topics.ts';
import {
  addressesOf,
  type Configuration,
  ConfigurationError,
  databaseUrlOf,
  databaseVariableOf,
  type PaymentProviderName,
  type RoleName,
  serviceRoles,
  variableOf,
} from '../runtime/configuration.ts';

/** What a process of the cluster mode can be: any of the services, the gateway, the operators' questions; or several. */
export const roles = [...serviceNames, 'operations', 'gateway'] as const;
export type Role = (typeof roles)[number];

type Need = Role | 'payment-intents';
type Needed = Partial<Record<keyof Configuration, { readonly needed: readonly Need[]; readonly fix: string }>>;

/** What some roles cannot do without, and where it comes from. */
const secrets: Needed = {
  QUOTE_SECRET: { needed: ['user', 'pricing'], fix: 'make one with: openssl rand -base64 32' },
  TICKET_SIGNING_KEY: { needed: ['ticket'], fix: 'make one with: openssl genpkey -algorithm ed25519' },
};
const ofProvider: Readonly<Record<PaymentProviderName, Needed>> = {
  sandbox: {
    SANDBOX_WEBHOOK_SECRET: { needed: ['payment'], fix: 'make one with: echo "whsec_$(openssl rand -base64 32)"' },
  },
  stripe: {
    STRIPE_SECRET_KEY: {
      needed: ['payment', 'operations', 'payment-intents'],
      fix: "copy it from the API keys in Stripe's Dashboard",
    },
    STRIPE_WEBHOOK_SECRET: {
      needed: ['payment'],
      fix: "copy the signing secret of your webhook endpoint from Stripe's Dashboard",
    },
  },
};

/** Throws `ConfigurationError` with one line that names everything these roles need and do not have. */
export function checkRequirements(configuration: Configuration, run: readonly Role[]): void {
  const missing = [
    ...(configuration.KAFKA_BROKERS === undefined
      ? ['KAFKA_BROKERS: missing; name the brokers, such as 127.0.0.1:9092']
      : []),
    ...missingDatabases(configuration, databasesOf(configuration, run)),
    ...missingSecrets(configuration, run),
    ...missingOfAdministrator(configuration, run),
    ...missingAddresses(configuration, run),
  ];
  if (missing.length > 0) throw new ConfigurationError(missing.join('; '));
}

/** The databases these roles open; who answers operators opens them all. A provider elsewhere has its own. */
export function databasesOf(configuration: Configuration, run: readonly Role[]): readonly (ServiceName | 'sandbox')[] {
  const services = serviceNames.filter((name) => run.includes(name) || run.includes('operations'));
  const hasSandbox = services.includes('payment') && configuration.PAYMENT_PROVIDER === 'sandbox';
  return hasSandbox ? [...services, 'sandbox'] : services;
}

/** Names every database that no variable gives a URL for. */
export function missingDatabases(
  configuration: Configuration,
  names: readonly (ServiceName | 'sandbox')[],
): readonly string[] {
  const missing = names.filter((name) => databaseUrlOf(configuration, name) === undefined).map(databaseVariableOf);
  if (missing.length === 0) return [];
  return [`${missing.join(', ')}: missing; set DATABASE_URL for all of them, or each`];
}

function missingSecrets(configuration: Configuration, run: readonly Role[]): readonly string[] {
  return [...missingOfProvider(configuration, run), ...missing(secrets, configuration, run)];
}

/** One without the other would make no administrator, and say nothing. */
function missingOfAdministrator(configuration: Configuration, run: readonly Role[]): readonly string[] {
  const isMade = run.includes('user') && configuration.OIDC_ISSUER === undefined;
  const names = ['FULLHOUSE_ADMIN_EMAIL', 'FULLHOUSE_ADMIN_PASSWORD'] as const;
  const missing = names.filter((name) => configuration[name] === undefined);
  if (!isMade || missing.length !== 1) return [];
  return [`${missing[0]}: missing; set both of ${names.join(', ')} for the first administrator, or neither`];
}

/** What the payment provider needs and the configuration does not have. */
export function missingOfProvider(configuration: Configuration, run: readonly Role[]): readonly string[] {
  const wanted = ofProvider[configuration.PAYMENT_PROVIDER];
  // Whoever begins payments for browsers asks the provider, too.
  const asksToo = configuration.STRIPE_PUBLISHABLE_KEY !== undefined && run.includes('user');
  return missing(wanted, configuration, asksToo ? [...run, 'payment-intents'] : run);
}

function missing(wanted: Needed, configuration: Configuration, run: readonly Need[]): readonly string[] {
  return Object.entries(wanted)
    .filter(([name]) => configuration[name as keyof Configuration] === undefined)
    .filter(([, { needed }]) => needed.some((need) => run.includes(need)))
    .map(([name, { fix }]) => `${name}: missing; ${fix}`);
}

function missingAddresses(configuration: Configuration, run: readonly Role[]): readonly string[] {
  const elsewhere = run.includes('gateway') ? forwardedTo(run) : [];
  const missing = elsewhere.filter((name) => addressesOf(configuration, name).length === 0).map(variableOf);
  const keys =
    run.includes('user') || missing.includes('USER_URL') || keyUrlsOf(configuration).length > 0
      ? []
      : ['USER_URL: missing; tokens are checked with the keys of the user service (or set JWKS_URL)'];
  if (missing.length === 0) return keys;
  return [...keys, `${missing.join(', ')}: missing; name where they listen, such as http://127.0.0.1:9101`];
}

/** Whom a gateway passes requests on to, in other processes. */
export function forwardedTo(run: readonly Role[]): readonly RoleName[] {
  // The process manager is asked for nothing.
  return serviceRoles.filter((name) => name !== 'booking' && !run.includes(name));
}

/** Where the keys of access tokens are published, for whoever is not the user service. */
export function keyUrlsOf(configuration: Configuration): readonly string[] {
  if (configuration.JWKS_URL !== undefined) return [configuration.JWKS_URL];
  return addressesOf(configuration, 'user').map((url) => `${url}/.well-known/jwks.json`);
}
