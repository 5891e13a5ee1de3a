import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { dashboardFiles } from '../../deploy/observability/dashboards.ts';
import { declaredMetrics } from '../support/declared-metrics.ts';
import { temporaryDirectory } from '../support/directory.ts';
import { promtoolOrSkip } from '../support/promtool.ts';

const run = promisify(execFile);
const folder = 'deploy/observability';

interface Rules {
  readonly groups: readonly {
    readonly rules: readonly {
      readonly alert: string;
      readonly expr: string;
      readonly annotations: { readonly runbook: string };
    }[];
  }[];
}

interface RuleTests {
  readonly tests: readonly {
    readonly alert_rule_test: readonly { readonly alertname: string; readonly exp_alerts: readonly object[] }[];
  }[];
}

interface DashboardFile {
  readonly panels: readonly { readonly targets: readonly { readonly expr: string }[] }[];
}

const rules = (parse(readFileSync(`${folder}/alerts.yaml`, 'utf8')) as Rules).groups.flatMap((group) => group.rules);

function metricsIn(expression: string): readonly string[] {
  return [...expression.matchAll(/\b(fullhouse_\w+|nodejs_\w+)/g)].map(([name = '']) =>
    name.replace(/_(bucket|count|sum)$/, ''),
  );
}

describe('alerts and dashboards', () => {
  test('every alert has a page that says what it means and what to do, and no page is without an alert', () => {
    for (const { alert, annotations } of rules) {
      assert.equal(annotations.runbook, `docs/operations/runbooks/${alert}.md`);
      const page = readFileSync(annotations.runbook, 'utf8');
      for (const part of [`# ${alert}`, '**What it means.**', '**What to do.**', '**It is over when**'])
        assert.ok(page.includes(part), `${annotations.runbook}: ${part}`);
    }
    assert.deepEqual(readdirSync('docs/operations/runbooks').sort(), rules.map(({ alert }) => `${alert}.md`).sort());
  });

  test('ask for metrics that there are', async () => {
    const declared = await declaredMetrics();
    const asked = [...rules.map(({ expr }) => expr), ...dashboardFiles().values()].flatMap(metricsIn);
    assert.deepEqual(
      [...new Set(asked)].filter((name) => !declared.has(name)),
      [],
    );
    assert.ok(asked.length > 20);
  });

  test('dashboards are as their code says: npm run dashboards writes them anew', () => {
    for (const [name, text] of dashboardFiles()) {
      assert.equal(readFileSync(`${folder}/dashboards/${name}`, 'utf8'), text);
    }
    assert.deepEqual(readdirSync(`${folder}/dashboards`).sort(), [...dashboardFiles().keys()].sort());
  });

  test('dashboards ask in PromQL', async (t) => {
    if (!(await promtoolOrSkip(t))) return;
    const directory = await temporaryDirectory();
    /** What Prometheus' own tool says of expressions: it reads them as rules. */
    const check = async (expressions: readonly string[]) => {
      const file = join(directory.path, 'asked.yaml');
      const named = expressions.map((expr, index) => ({ record: `asked:${index}`, expr }));
      await writeFile(file, JSON.stringify({ groups: [{ name: 'asked', rules: named }] }));
      return run('promtool', ['check', 'rules', file]);
    };
    const asked = [...dashboardFiles().values()].flatMap((text) =>
      (JSON.parse(text) as DashboardFile).panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
    );
    assert.ok(asked.length > 20);
    await check(asked);
    await assert.rejects(check(['sum by (service (fullhouse_lag_records)']));
    await directory.remove();
  });

  test('rules ring when they should and are quiet otherwise', async (t) => {
    if (!(await promtoolOrSkip(t))) return;
    await run('promtool', ['check', 'rules', `${folder}/alerts.yaml`]);
    await run('promtool', ['test', 'rules', `${folder}/alerts.test.yaml`]);
    await assert.rejects(run('promtool', ['check', 'rules', 'package.json']));
  });

  test('each rule has been made to ring', () => {
    const { tests } = parse(readFileSync(`${folder}/alerts.test.yaml`, 'utf8')) as RuleTests;
    const rang = tests.flatMap(({ alert_rule_test: each }) =>
      each.filter(({ exp_alerts: alerts }) => alerts.length > 0),
    );
    assert.deepEqual(new Set(rang.map(({ alertname }) => alertname)), new Set(rules.map(({ alert }) => alert)));
  });
});
