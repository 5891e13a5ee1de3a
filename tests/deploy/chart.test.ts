import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';
import { checkRequirements, type Role, roles } from '../../src/composition/roles.ts';
import { serviceNames } from '../../src/contracts/topics.ts';
import { readConfiguration } from '../../src/runtime/configuration.ts';
import { temporaryDirectory } from '../support/directory.ts';
import { goToolOrSkip } from '../support/go-tools.ts';

const run = promisify(execFile);
const chart = 'deploy/helm/fullhouse';
const kubernetes = ['--kube-version', '1.34.0'];
/** The latest whose schemas the validator carries. */
const schemasOf = '1.30';
const installations = [
  { name: 'default', values: [] },
  { name: 'small', values: ['--values', 'deploy/helm/examples/small.yaml'] },
  { name: 'on-sale', values: ['--values', 'deploy/helm/examples/on-sale.yaml'] },
] as const;

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: { readonly template: { readonly spec: PodSpec } };
}

interface ConfigMap {
  readonly kind: string;
  readonly data: Readonly<Record<string, string>>;
}

interface Scaling {
  readonly kind: string;
  readonly spec: {
    readonly triggers?: readonly {
      readonly metadata: Readonly<Record<string, string>>;
      readonly authenticationRef?: object;
    }[];
  };
}

interface NetworkPolicy {
  readonly kind: string;
  readonly spec: {
    readonly podSelector: { readonly matchExpressions?: readonly { readonly values: readonly string[] }[] };
  };
}

interface Probe {
  readonly httpGet: { readonly path: string };
}

interface PodSpec {
  readonly volumes: readonly { readonly name: string; readonly secret?: object }[];
  readonly topologySpreadConstraints: readonly { readonly topologyKey: string }[];
  readonly automountServiceAccountToken: boolean;
  readonly securityContext: Readonly<Record<string, unknown>>;
  readonly containers: readonly {
    readonly args: readonly string[];
    readonly env: readonly {
      readonly name: string;
      readonly value?: string;
      readonly valueFrom?: { readonly secretKeyRef: { readonly key: string; readonly optional?: boolean } };
    }[];
    readonly resources: { readonly limits: object };
    readonly volumeMounts: readonly { readonly name: string }[];
    readonly startupProbe: Probe;
    readonly livenessProbe: Probe;
    readonly readinessProbe: Probe;
    readonly lifecycle: { readonly preStop: { readonly sleep: { readonly seconds: number } } };
    readonly securityContext: Readonly<Record<string, unknown>>;
  }[];
}

const pem = { type: 'pkcs8', format: 'pem' } as const;
const secret = 'a secret of more than thirty-two characters';
/** What both secrets hold where everything that an installation may go without is used, but for the payment provider's. */
const secrets: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    [...serviceNames, 'sandbox'].map((name) => [
      `${name.toUpperCase().replace('-', '_')}_DATABASE_URL`,
      `postgres://${name}@database:5432/${name}`,
    ]),
  ),
  QUOTE_SECRET: secret,
  TICKET_SIGNING_KEY: generateKeyPairSync('ed25519').privateKey.export(pem).toString(),
  SMTP_URL: 'smtp://mail.example:587',
  FULLHOUSE_ADMIN_EMAIL: 'admin@fullhouse.example',
  FULLHOUSE_ADMIN_PASSWORD: secret,
};
const ofSandbox = { SANDBOX_WEBHOOK_SECRET: secret };
const ofStripe = { STRIPE_SECRET_KEY: 'sk_test_1', STRIPE_WEBHOOK_SECRET: `whsec_${'a'.repeat(32)}` };
const ofKafka = { KAFKA_SASL_PASSWORD: secret };
const ofTwilio = { TWILIO_AUTH_TOKEN: 'a token' };
const twilio = [`config.twilio.accountSid=AC${'0'.repeat(32)}`, 'config.twilio.from=+442071234567'];
const signIn = ['config.extra.OIDC_ISSUER=https://sign-in.example', 'config.extra.OIDC_AUDIENCE=fullhouse'];
const stripe = 'config.paymentProvider=stripe';

const helm = await goToolOrSkip('helm', 'the Helm chart');
const validate = await goToolOrSkip('kubectl-validate', "the Helm chart against Kubernetes' own schemas");
if (helm !== undefined) {
  const render = async (...more: readonly string[]) => {
    const { stdout } = await run(helm, ['template', 'fullhouse', chart, ...kubernetes, ...more]);
    return stdout;
  };
  const manifests = (text: string) =>
    parseAllDocuments(text)
      .map((each) => each.toJSON() as Manifest | null)
      .filter((each) => each !== null);

  describe('the Helm chart', () => {
    for (const { name, values } of installations) {
      test(`${name}: passes helm lint and renders what is kept of it`, async () => {
        await run(helm, ['lint', chart, '--strict', ...kubernetes, ...values]);
        const kept = `deploy/helm/rendered/${name}.yaml`;
        const text = await render(...values);
        assert.equal(
          text,
          await readFile(kept, 'utf8'),
          `helm template … ${values.join(' ')} > ${kept} writes it anew`,
        );
      });

      test(`${name}: every pod is unprivileged, without a token, on a read-only root, with a limit of memory`, async () => {
        const all = manifests(await render(...values));
        const pods = all
          .filter(({ kind }) => kind === 'Deployment' || kind === 'Job')
          .map((each) => each.spec.template.spec);
        assert.equal(pods.length, serviceNames.length + 2 + 2);
        for (const pod of pods) {
          assert.equal(pod.automountServiceAccountToken, false);
          assert.equal(pod.securityContext['runAsNonRoot'], true);
          assert.deepEqual(pod.securityContext['seccompProfile'], { type: 'RuntimeDefault' });
          for (const { resources, securityContext } of pod.containers) {
            assert.ok('memory' in resources.limits);
            assert.deepEqual(securityContext, {
              allowPrivilegeEscalation: false,
              readOnlyRootFilesystem: true,
              capabilities: { drop: ['ALL'] },
            });
          }
        }
      });
    }

    if (validate !== undefined) {
      /** What Kubernetes itself says of manifests, by the schemas of its API; those of operators are not among them. */
      const said = async (text: string) => {
        const directory = await temporaryDirectory();
        const file = join(directory.path, 'rendered.yaml');
        const own = parseAllDocuments(text).filter(
          (each) => !/keda\.sh|monitoring\.coreos\.com/.test(each.get('apiVersion') as string),
        );
        await writeFile(file, own.map(String).join('---\n'));
        const answer = await run(validate, ['--version', schemasOf, file]).then(
          ({ stdout }) => ({ isValid: true, text: stdout }),
          (error: Error & { stdout: string; stderr: string }) => ({
            isValid: false,
            text: error.stdout + error.stderr,
          }),
        );
        await directory.remove();
        return answer;
      };

      for (const { name, values } of installations) {
        test(`${name}: is what Kubernetes ${schemasOf} takes`, async () => {
          const { isValid, text } = await said(await render(...values));
          assert.ok(isValid, text);
        });
      }

      test('what Kubernetes does not take is found', async () => {
        const spoilt = (await render()).replace('containerPort: 8080', 'containerPort: "http"');
        const { isValid, text } = await said(spoilt);
        assert.ok(!isValid && text.includes('containerPort'), text);
      });
    }

    test('asks every process for its health, lets it go in order, and spreads its instances', async () => {
      const deployments = manifests(await render()).filter(({ kind }) => kind === 'Deployment');
      assert.equal(deployments.length, serviceNames.length + 2);
      for (const { spec, metadata } of deployments) {
        const { containers, topologySpreadConstraints: spread } = spec.template.spec;
        const paths = ['startupProbe', 'livenessProbe', 'readinessProbe'] as const;
        assert.deepEqual(
          paths.map((probe) => containers[0]?.[probe].httpGet.path),
          ['/livez', '/livez', '/readyz'],
          metadata.name,
        );
        assert.ok((containers[0]?.lifecycle.preStop.sleep.seconds ?? 0) > 0, metadata.name);
        assert.deepEqual(
          spread.map(({ topologyKey }) => topologyKey),
          ['topology.kubernetes.io/zone', 'kubernetes.io/hostname'],
        );
      }
    });

    test('lets nothing in or out but what it names, and has what an on-sale needs', async () => {
      const all = parseAllDocuments(await render('--values', 'deploy/helm/examples/on-sale.yaml')).map(
        (each) => each.toJSON() as { kind: string; metadata: { name: string }; spec: Record<string, unknown> } | null,
      );
      const denying = all.find((each) => each?.metadata.name === 'fullhouse-deny');
      assert.deepEqual(Object.keys(denying?.spec ?? {}), ['podSelector', 'policyTypes']);
      assert.deepEqual(denying?.spec['policyTypes'], ['Ingress', 'Egress']);
      const kinds = new Set(all.map((each) => each?.kind));
      const needed = ['HorizontalPodAutoscaler', 'ScaledObject', 'PodDisruptionBudget', 'Ingress', 'ServiceMonitor'];
      assert.deepEqual(
        needed.filter((kind) => !kinds.has(kind)),
        [],
      );
    });

    test('lets those reach providers elsewhere that ask them, and nobody where there are none', async () => {
      const policies = async (...more: readonly string[]) =>
        parseAllDocuments(await render(...more))
          .map((each) => each.toJSON() as NetworkPolicy | null)
          .filter((each) => each?.kind === 'NetworkPolicy')
          .filter((each) => JSON.stringify(each?.spec).includes('443'));
      assert.deepEqual(await policies(), []);
      const reaching = async (...more: readonly string[]) => {
        const [policy, ...others] = await policies(...more.flatMap((each) => ['--set-string', each]));
        assert.deepEqual(others, []);
        return policy?.spec.podSelector.matchExpressions?.[0]?.values;
      };
      assert.deepEqual(await reaching(stripe), ['payment', 'operations', 'user']);
      assert.deepEqual(await reaching(...twilio), ['notification']);
      assert.deepEqual(await reaching(stripe, ...twilio), ['payment', 'operations', 'user', 'notification']);
      assert.equal(await reaching(stripe, ...signIn), undefined, 'everybody');
    });

    describe('tells every process all that it needs to start, and nothing it refuses', () => {
      const onSale = ['--values', 'deploy/helm/examples/on-sale.yaml'];
      const browser = 'config.extra.STRIPE_PUBLISHABLE_KEY=pk_test_1';
      const uses: readonly {
        readonly name: string;
        readonly values?: readonly string[];
        readonly settings?: readonly string[];
        readonly held: Readonly<Record<string, string>>;
      }[] = [
        ...installations.map(({ name, values }) => ({
          ...{ name, values, held: { ...ofSandbox, ...(name === 'on-sale' ? ofKafka : {}) } },
        })),
        { name: 'by Stripe', settings: [stripe], held: ofStripe },
        { name: 'by Stripe in the browser', settings: [stripe, browser], held: ofStripe },
        {
          name: 'by Stripe in the browser, whose key was given to the user service by hand',
          settings: [stripe, browser, 'services.user.secrets={QUOTE_SECRET,STRIPE_SECRET_KEY}'],
          held: ofStripe,
        },
        { name: 'short messages by Twilio', settings: twilio, held: { ...ofSandbox, ...ofTwilio } },
        { name: 'a sign-in elsewhere', settings: signIn, held: ofSandbox },
        {
          ...{ name: 'all of it', values: onSale, settings: [stripe, browser, ...twilio, ...signIn] },
          held: { ...ofStripe, ...ofTwilio, ...ofKafka },
        },
      ];
      for (const { name, values = [], settings = [], held } of uses) {
        test(name, async () => {
          const text = await render(...values, ...settings.flatMap((each) => ['--set-string', each]));
          const all = parseAllDocuments(text).map((each) => each.toJSON() as Manifest | ConfigMap | null);
          const shared = all.find((each) => each?.kind === 'ConfigMap') as ConfigMap;
          const directory = await temporaryDirectory();
          const authorities = join(directory.path, 'ca.crt');
          await writeFile(authorities, '-----BEGIN CERTIFICATE-----');
          const started: string[] = [];
          for (const { kind, spec } of manifests(text).filter((each) => /^(Deployment|Job)$/.test(each.kind))) {
            const [container] = spec.template.spec.containers;
            const [command, role] = container?.args ?? [];
            const own = container?.env ?? [];
            assert.equal(new Set(own.map((each) => each.name)).size, own.length, `${role}: a variable twice`);
            const told = { ...(kind === 'Job' ? {} : shared.data), ...environmentOf(own, { ...secrets, ...held }) };
            if (told['KAFKA_TLS_CA'] !== undefined) told['KAFKA_TLS_CA'] = authorities;
            const configuration = readConfiguration(told);
            if (command === 'serve') checkRequirements(configuration, [role as Role]);
            started.push(role === undefined || kind === 'Job' ? `${command}` : role);
            const isTold = configuration.TWILIO_AUTH_TOKEN !== undefined && configuration.TWILIO_FROM !== undefined;
            assert.equal(isTold, role === 'notification' && settings.includes(twilio[0] ?? ''), `Twilio, ${role}`);
          }
          assert.deepEqual(started.sort(), [...roles, 'migrate', 'topics'].sort());
          await directory.remove();
        });
      }
    });

    test('gives each service the URL of its own database and of no other', async () => {
      const deployments = manifests(await render()).filter(({ kind }) => kind === 'Deployment');
      for (const { spec } of deployments) {
        const [container] = spec.template.spec.containers;
        const service = container?.args[1] ?? '';
        if (service === 'operations') continue;
        const urls = container?.env.map((each) => each.name).filter((each) => each.endsWith('_DATABASE_URL'));
        const own = `${service.toUpperCase().replace('-', '_')}_DATABASE_URL`;
        const expected = { gateway: [], payment: [own, 'SANDBOX_DATABASE_URL'] }[service] ?? [own];
        assert.deepEqual(urls, expected, service);
      }
    });

    test('gives every process the certificates that Kafka’s are signed by, where a secret holds them', async () => {
      const pods = (text: string) =>
        manifests(text).flatMap(({ kind, spec }) =>
          kind === 'Deployment' || kind === 'Job' ? [spec.template.spec] : [],
        );
      const told = 'KAFKA_TLS_CA';
      const own = await render('--set', 'kafka.tls=true,kafka.tlsCa.secret=house,kafka.tlsCa.key=authorities.pem');
      assert.equal(own.split(told).length - 1, 1 + 2, 'in the map of all, and in both jobs, which come before it');
      for (const { volumes, containers } of pods(own)) {
        const certificates = volumes.find(({ name }) => name === 'kafka-ca')?.secret;
        const items = [{ key: 'authorities.pem', path: 'ca.crt' }];
        assert.deepEqual(certificates, { secretName: 'house', items });
        const mounted = containers[0]?.volumeMounts.find(({ name }) => name === 'kafka-ca');
        assert.deepEqual(mounted, { name: 'kafka-ca', mountPath: '/kafka-ca', readOnly: true });
      }
      const none = await render('--set', 'kafka.tls=true');
      assert.ok(!none.includes(told) && pods(none).every(({ volumes }) => volumes.length === 1));
    });

    test('lets an autoscaler ask Kafka in the way that the services do', async () => {
      const scaled = async (...more: readonly string[]) => {
        const text = await render('--set', 'services.booking.autoscaling.enabled=true', ...more);
        const all = parseAllDocuments(text).map((each) => each.toJSON() as Scaling | null);
        const of = (kind: string) => all.find((each) => each?.kind === kind)?.spec;
        return { trigger: of('ScaledObject')?.triggers?.[0], authentication: of('TriggerAuthentication') };
      };
      const keda = ['--set', 'services.booking.autoscaling.keda=true'];
      const plain = await scaled(...keda);
      assert.deepEqual([plain.trigger?.metadata['tls'], plain.trigger?.authenticationRef], [undefined, undefined]);
      assert.equal(plain.authentication, undefined);
      const safe = 'kafka.tls=true,kafka.tlsCa.secret=house,kafka.sasl.mechanism=SCRAM-SHA-512,kafka.sasl.username=ann';
      const { trigger, authentication } = await scaled(...keda, '--set', safe);
      assert.deepEqual([trigger?.metadata['tls'], trigger?.metadata['sasl']], ['enable', 'scram_sha512']);
      assert.deepEqual(trigger?.authenticationRef, { name: 'fullhouse-booking' });
      assert.deepEqual(authentication, {
        env: [{ parameter: 'username', name: 'KAFKA_SASL_USERNAME' }],
        secretTargetRef: [
          { parameter: 'password', name: 'fullhouse-application', key: 'KAFKA_SASL_PASSWORD' },
          { parameter: 'ca', name: 'house', key: 'ca.crt' },
        ],
      });
    });

    test('scales between bounds that Kubernetes takes, and lets go of no more pods than it may', async () => {
      const scaled = ['--set', 'kafka.partitions=1,defaults.replicas=1,defaults.autoscaling.enabled=true'];
      const of = async (kind: string, ...more: readonly string[]) =>
        parseAllDocuments(await render(...scaled, ...more))
          .map((each) => each.toJSON() as { kind: string; spec: Record<string, unknown> } | null)
          .filter((each) => each?.kind === kind)
          .map((each) => each?.spec ?? {});
      const hpas = await of('HorizontalPodAutoscaler');
      const bounds = hpas.map(({ minReplicas, maxReplicas }) => `${minReplicas} to ${maxReplicas}`);
      assert.deepEqual(new Set(bounds), new Set(['1 to 1']), 'there is one partition to own');
      const [keda] = await of('ScaledObject', '--set', 'defaults.autoscaling.keda=true');
      assert.deepEqual([keda?.['minReplicaCount'], keda?.['maxReplicaCount']], [1, 1]);
      const budgets = await of('PodDisruptionBudget', '--set', 'kafka.partitions=4');
      assert.equal(budgets.length, serviceNames.length + 1, 'of what is scaled to two at least, and of the gateway');
      const crossed = render(
        '--set',
        'services.booking.autoscaling.enabled=true,services.booking.autoscaling.minReplicas=20',
      );
      await assert.rejects(crossed, /booking: autoscaling\.minReplicas is 20, and maxReplicas 12/);
    });

    test('is one job to Prometheus under any name, since the alerts go by it', async () => {
      const enabled = ['--set', 'monitoring.serviceMonitor.enabled=true'];
      const all = parseAllDocuments(
        (await run(helm, ['template', 'tickets', chart, ...kubernetes, ...enabled])).stdout,
      );
      const monitor = all.find((each) => each.get('kind') === 'ServiceMonitor');
      const label = monitor?.getIn(['spec', 'jobLabel']) as string;
      const services = all.filter((each) => each.get('kind') === 'Service');
      assert.equal(services.length, serviceNames.length + 2);
      for (const service of services) assert.equal(service.getIn(['metadata', 'labels', label]), 'fullhouse');
    });

    test('refuses wrong values by name', async () => {
      await assert.rejects(render('--set', 'kafka.brokers=nowhere'), /\/kafka\/brokers/);
      await assert.rejects(render('--set', 'services.bar.input=x'), /'bar' not allowed/);
      await assert.rejects(render('--set', 'kafka.tlsCa.secret=house'), /kafka\.tls is false/);
      await assert.rejects(render('--set', 'gateway.replicas=0'), /\/gateway\/replicas/);
      await assert.rejects(render('--set', 'config.extra.PORT=9000'), /config\.extra\.PORT: the ports of the pods/);
      await assert.rejects(render('--set', 'config.twilio.accountSid=AC0'), /\/config\/twilio\/accountSid/);
      await assert.rejects(render('--set-string', twilio[1] ?? ''), /config\.twilio has accountSid or from alone/);
      await assert.rejects(render('--set', 'config.extra.TWILIO_ACCOUNT_SID=AC0'), /set config\.twilio instead/);
    });
  });
}

/** What a process of a pod finds in its environment, by what the secrets hold. */
function environmentOf(
  env: PodSpec['containers'][number]['env'],
  held: Readonly<Record<string, string>>,
): Record<string, string> {
  const all = env.flatMap(({ name, value, valueFrom }) => {
    const found = valueFrom === undefined ? value : held[valueFrom.secretKeyRef.key];
    assert.ok(found !== undefined || valueFrom?.secretKeyRef.optional === true, `${name} is in no secret`);
    return found === undefined ? [] : [[name, found] as const];
  });
  return Object.fromEntries(all);
}
