import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { type SettingKey, settingKeys, settings } from '../src/contracts/settings.ts';
import { declaredMetrics } from './support/declared-metrics.ts';

const run = promisify(execFile);
const pages = new Map(globSync('docs/operations/**/*.md').map((file) => [file, readFileSync(file, 'utf8')]));

/** What the pages for operators say has to be there. What they tell to type is run by other tests. */
describe('the operations pages', () => {
  test('name commands that there are', async () => {
    const { stdout } = await run('bin/fullhouse', ['--help']);
    const commands = new Set([...stdout.matchAll(/^ {2}(\w+)/gm)].map(([, name]) => name));
    assert.ok(commands.size > 10);
    for (const [file, page] of pages)
      for (const [, command = ''] of page.matchAll(/`(?:[A-Z_]+=\S+ )?(?:npx )?fullhouse ([a-z]+)/g))
        assert.ok(commands.has(command), `${file}: fullhouse ${command}`);
  });

  test('name settings that there are, and the overview names all of them', () => {
    const overview = pages.get('docs/operations/README.md') ?? '';
    assert.deepEqual(
      settingKeys.filter((key) => !overview.includes(`\`${key}\``)),
      [],
    );
    for (const [file, page] of pages)
      for (const [, key = ''] of page.matchAll(/fullhouse settings (?:set|get|history) (\w+)/g))
        assert.ok((settingKeys as readonly string[]).includes(key), `${file}: ${key}`);
  });

  test('set settings to what they can be', () => {
    const told = [...pages].flatMap(([file, page]) =>
      [...page.matchAll(/fullhouse settings set (\w+) ('[^']*'|\S+) --why/g)].map(([, key = '', value = '']) => ({
        ...{ file, key: key as SettingKey },
        value: JSON.parse(value.replaceAll("'", '')) as unknown,
      })),
    );
    assert.ok(told.length >= 3);
    for (const { file, key, value } of told)
      assert.equal(settings[key].schema.safeParse(value).success, true, `${file}: ${key} ${JSON.stringify(value)}`);
  });

  test('name metrics that there are', async () => {
    const declared = await declaredMetrics();
    for (const [file, page] of pages)
      for (const [name] of page.matchAll(/\b(?:fullhouse|nodejs)_[a-z_]+\b/g))
        assert.ok(declared.has(name.replace(/_(bucket|count|sum)$/, '')), `${file}: ${name}`);
  });

  test('link to what is there', () => {
    for (const [file, page] of pages)
      for (const [, link = ''] of page.matchAll(/\]\(([^)#]+)\)/g))
        assert.ok(existsSync(join(dirname(file), link)), `${file}: ${link}`);
  });
});
