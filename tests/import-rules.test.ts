import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { temporaryDirectory } from './support/servers.ts';

/** What dependency-cruiser saw, and what it says against it. */
interface Cruise {
  readonly modules: readonly { readonly source: string; readonly dependencies: readonly unknown[] }[];
  readonly summary: { readonly violations: readonly { readonly rule: { readonly name: string } }[] };
}

function cruise(directory: string): Cruise {
  const parameters = ['--config', resolve('.dependency-cruiser.json'), '--output-type', 'json', 'src', 'web'];
  const output = execFileSync(resolve('node_modules/.bin/depcruise'), parameters, {
    cwd: directory,
    maxBuffer: 2 ** 28,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return JSON.parse(output.toString()) as Cruise;
}

/** One file for each rule, breaking it. */
const planted: Readonly<Record<string, string>> = {
  'src/contracts/ids.ts': "import '../runtime/clock.ts';",
  'src/runtime/clock.ts': "import '../services/booking/service.ts';",
  'src/services/booking/service.ts': "import '../ticket/service.ts';",
  'src/services/booking/decider.ts': "import 'node:fs';",
  'src/services/ticket/service.ts': "import './routes.ts';",
  'src/services/ticket/routes.ts': "import './service.ts';",
  'src/gateway/gateway.ts': "import '../../web/main.ts';",
  'web/main.ts': "import '../src/contracts/ids.ts';",
};

describe('the import rules', () => {
  let elsewhere: { path: string; remove(): Promise<void> };
  before(async () => {
    elsewhere = await temporaryDirectory();
    for (const [file, text] of Object.entries(planted)) {
      mkdirSync(dirname(join(elsewhere.path, file)), { recursive: true });
      writeFileSync(join(elsewhere.path, file), text);
    }
    writeFileSync(join(elsewhere.path, 'tsconfig.json'), readFileSync('tsconfig.json'));
  });
  after(() => elsewhere.remove());

  it('see every module and its imports: a cruise with a wrong parser sees none and finds nothing', () => {
    const { modules, summary } = cruise('.');
    const seen = new Set(modules.map(({ source }) => source));
    assert.deepEqual(
      globSync('src/**/*.ts').filter((file) => !seen.has(file)),
      [],
    );
    assert.ok(modules.filter(({ dependencies }) => dependencies.length > 0).length > 100);
    assert.deepEqual(summary.violations, []);
  });

  it('find what breaks them', () => {
    const names = new Set(cruise(elsewhere.path).summary.violations.map(({ rule }) => rule.name));
    const rules = [
      'contracts-know-nobody',
      'deciders-are-pure',
      'no-circular',
      'nobody-imports-pages',
      'pages-stand-alone',
      'runtime-knows-no-business',
      'services-stand-alone',
    ];
    assert.deepEqual([...names].sort(), rules);
  });

  it('keep clocks, chance and waiting out of deciders', () => {
    const impure = /Date\.now|new Date\(\)|Math\.random|\basync\b|\bawait\b|process\.|randomUUID|performance\./;
    const deciders = globSync('src/services/*/{decider,decide-*,evolve,state,rules}.ts').filter(
      (file) => !file.endsWith('.test.ts'),
    );
    assert.ok(deciders.length >= 8);
    assert.deepEqual(
      deciders.filter((file) => impure.test(readFileSync(file, 'utf8'))),
      [],
    );
  });
});
