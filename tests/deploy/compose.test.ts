import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { parse } from 'yaml';
import { roles } from '../../src/composition/roles.ts';
import { readConfiguration } from '../../src/runtime/configuration.ts';

const file = 'deploy/compose/compose.yaml';

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

describe('the compose file', () => {
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
