import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { roles } from '../../src/composition/roles.ts';
import { readConfiguration } from '../../src/runtime/configuration.ts';
import { temporaryDirectory } from '../support/directory.ts';
import { promtoolOrSkip } from '../support/promtool.ts';
import { pythonToolOrSkip } from '../support/python-tools.ts';

const file = 'deploy/compose/compose.yaml';
const run = promisify(execFile);

interface Compose {
  readonly services: Readonly<
    Record<
      string,
      {
        readonly image: string;
        readonly command?: readonly string[];
        readonly environment?: Readonly<Record<string, string>>;
        readonly volumes?: readonly string[];
        readonly read_only?: boolean;
        readonly ports?: readonly string[];
        readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
      }
    >
  >;
  readonly volumes: Readonly<Record<string, unknown>>;
}

const { services, volumes } = parse(readFileSync(file, 'utf8'), { merge: true }) as Compose;
const ours = Object.entries(services).filter(([, each]) => each.image === 'fullhouse:local');

interface Finding {
  readonly rule_id: string;
  readonly service: string;
}

/** What we leave as it is, and why. */
const accepted: Readonly<Record<string, string>> = {
  'CL-0019': 'Renovate adds the digests',
  'CL-0020': 'passwords for a machine of one’s own, as its head says',
  'CL-0021': 'the same',
};
/** The images of others know best which rights they need. */
const acceptedOfOthers = ['CL-0003', 'CL-0006', 'CL-0007', 'CL-0026'];

const composeLint = await pythonToolOrSkip('compose-lint', 'the compose file by its linter');
if (composeLint !== undefined) {
  test('the linter finds nothing in the compose file but what is left on purpose', async () => {
    const { program, environment } = composeLint;
    const { stdout } = await run(program, ['check', '--format', 'json', file], { env: environment }).catch(
      (error: { readonly stdout: string }) => error,
    );
    const { findings: found } = JSON.parse(stdout) as { readonly findings: readonly Finding[] };
    assert.ok(found.length > 0, 'it looked');
    const names = new Set(ours.map(([name]) => name));
    assert.deepEqual(
      found.filter(
        ({ rule_id: rule, service }) =>
          !Object.hasOwn(accepted, rule) && (names.has(service) || !acceptedOfOthers.includes(rule)),
      ),
      [],
    );
  });
}

/** Who is called in a file of those who watch. */
const calledIn = (name: string) =>
  [...readFileSync(join(dirname(file), name), 'utf8').matchAll(/\b([a-z-]+):(\d{4,5})\b/g)].map(
    ([, host = '']) => host,
  );

describe('the compose file', () => {
  test('has every process scraped, and whoever watches asks and tells those that are there', () => {
    assert.deepEqual(calledIn('prometheus.yaml').sort(), [...roles].sort());
    for (const name of ['collector.yaml', 'grafana-datasources.yaml']) {
      const called = calledIn(name);
      assert.ok(called.length > 0 && called.every((host) => Object.hasOwn(services, host)), `${name}: ${called}`);
    }
    const collector = new URL(ours[0]?.[1].environment?.['OTEL_EXPORTER_OTLP_ENDPOINT'] ?? '');
    assert.ok(Object.hasOwn(services, collector.hostname));
    assert.ok(readFileSync(join(dirname(file), 'collector.yaml'), 'utf8').includes(`0.0.0.0:${collector.port}`));
  });

  test('has a configuration that Prometheus takes', async (t) => {
    if (!(await promtoolOrSkip(t))) return;
    const directory = await temporaryDirectory();
    for (const volume of services['prometheus']?.volumes ?? []) {
      const [from = '', to = ''] = volume.split(':');
      await cp(join(dirname(file), from), join(directory.path, basename(to)));
    }
    const { stdout } = await run('promtool', ['check', 'config', join(directory.path, 'prometheus.yml')]);
    assert.match(stdout, /1 rule files found/);
    await directory.remove();
  });

  test('runs every role once, after topics and databases are made', () => {
    const serving = ours.filter(([, each]) => each.command?.[0] === 'serve');
    assert.deepEqual(serving.map(([name]) => name).sort(), [...roles].sort());
    for (const [name, { command, depends_on: after = {} }] of serving) {
      assert.equal(command?.[1], name);
      assert.deepEqual(
        ['topics', 'migrate'].map((each) => after[each]?.condition),
        ['service_completed_successfully', 'service_completed_successfully'],
      );
    }
  });

  test('gives our processes settings that they take', () => {
    for (const [name, { environment = {} }] of ours) {
      const given = Object.entries(environment).map(([key, value]) => [key, value.replace(/^\$\{\w+:-(.*)\}$/, '$1')]);
      const { TICKET_SIGNING_KEY_FILE: keyFile, ...rest } = Object.fromEntries(given) as Record<string, string>;
      assert.equal(keyFile, '/keys/ticket-signing-key.pem');
      const password = (text: string) => text.replace(/\$\{SERVICE_PASSWORD:-([^}]*)\}/, '$1');
      const configuration = readConfiguration({ ...rest, DATABASE_URL: password(rest['DATABASE_URL'] ?? '') });
      assert.deepEqual(configuration.KAFKA_BROKERS, [{ host: 'kafka', port: 9092 }], name);
    }
  });

  test('pins every image by version, opens ports on this machine only, and finds the files and volumes it names', () => {
    for (const [name, each] of Object.entries(services)) {
      if (each.image !== 'fullhouse:local') assert.match(each.image, /^[\w./-]+:v?\d+\.\d+(\.\d+)?[\w.-]*$/, name);
      else assert.equal(each.read_only, true, name);
      for (const port of each.ports ?? []) assert.match(port, /^127\.0\.0\.1:/, name);
      for (const volume of each.volumes ?? []) {
        const [from = ''] = volume.split(':');
        assert.ok(from.startsWith('.') ? existsSync(join(dirname(file), from)) : Object.hasOwn(volumes, from), volume);
      }
    }
  });
});
