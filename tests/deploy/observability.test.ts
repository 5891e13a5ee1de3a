import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { dashboardFiles } from '../../deploy/observability/dashboards.ts';
import { declaredMetrics } from '../support/declared-metrics.ts';
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

  test('rules ring when they should and are quiet otherwise', async (t) => {
    if (!(await promtoolOrSkip(t))) return;
    await run('promtool', ['check', 'rules', `${folder}/alerts.yaml`]);
    await run('promtool', ['test', 'rules', `${folder}/alerts.test.yaml`]);
    await assert.rejects(run('promtool', ['check', 'rules', 'package.json']));
  });
});
