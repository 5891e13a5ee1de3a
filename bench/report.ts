import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chartsOf, pageOf, withPart } from './report/page.ts';
import type { Results } from './report/results.ts';

/** `npm run bench:report [-- <file>]`: writes what the last results file says into `docs/performance.md`, and its charts. */
const page = 'docs/performance.md';
const charts = 'docs/charts';

const file = process.argv[2] ?? globSync('bench/results/*.json').sort().at(-1);
if (file === undefined) throw new Error('there are no results yet: npm run bench -- all');
const results = JSON.parse(readFileSync(file, 'utf8')) as Results;
mkdirSync(charts, { recursive: true });
for (const [name, svg] of chartsOf(results)) writeFileSync(join(charts, name), svg);
writeFileSync(page, withPart(readFileSync(page, 'utf8'), pageOf(results)));
console.log(`${page} shows ${file}`);
