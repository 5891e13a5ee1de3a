import { createHash } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { dirname, extname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * The files of the pages as a browser is given them: `web/` and what it imports, by their paths in the tree, so that what one imports by
 * a relative path is found as well; TypeScript without its types. All of them together have a version, which is part of their
 * addresses: what has an address never changes, so a browser, or whatever keeps copies in between, asks for it once.
 */
export interface WebFile {
  readonly type: string;
  readonly body: string;
}

const root = fileURLToPath(new URL('../../', import.meta.url));
/** Node.js is sent to a build of its own, one folder below those for browsers. */
const litRoot = dirname(dirname(fileURLToPath(import.meta.resolve('lit-html'))));
/** Reads codes, where a browser does not. */
const qrRoot = dirname(fileURLToPath(import.meta.resolve('qr')));
const page = 'web/index.html';
const start = 'web/main.ts';
/** Pure code of the services that the pages need as well. */
const shared = [
  ...[
    'best-seats',
    'booking-number',
    'cancellation-terms',
    'csv',
    'decimals',
    'id-prefixes',
    'local-time',
    'plan-errors',
    'places',
    'plan-order',
    'price-rules',
    'report-csv',
    'seat-limits',
  ],
  'ticket-code',
].map((name) => `src/contracts/rules/${name}.ts`);

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.ts': 'text/javascript; charset=utf-8',
};

export class WebFiles {
  /** Names them all, as they are now. */
  readonly version: string;
  /** What the page says of where packages are: the one script that stands in it. */
  readonly importMap: string;
  /** Where each is on the disk, by its path below the version. */
  readonly #places = new Map<string, string>();
  readonly #read = new Map<string, WebFile>();
  #page: WebFile | undefined;

  constructor() {
    const own = globSync('web/**/*.{css,svg,ts}', { cwd: root }).filter((name) => !name.endsWith('.test.ts'));
    for (const name of [...own, ...shared]) this.#places.set(name, join(root, name));
    for (const name of globSync('{.,directives}/*.js', { cwd: litRoot }))
      this.#places.set(posix.join('web/lib/lit-html', name), join(litRoot, name));
    for (const name of ['decode.js', 'index.js']) this.#places.set(`web/lib/qr/${name}`, join(qrRoot, name));
    const hash = createHash('sha256');
    for (const name of [...this.#places.keys(), page].sort()) hash.update(this.#text(name));
    this.version = hash.digest('base64url').slice(0, 16);
    this.importMap = /<script type="importmap">([^<]*)<\/script>/.exec(this.#pageText())?.[1] ?? '';
  }

  /** A file by its path below the version; `undefined` where there is none. */
  file(name: string): WebFile | undefined {
    const known = this.#read.get(name);
    if (known !== undefined || !this.#places.has(name)) return known;
    const text = this.#text(name);
    const isTyped = extname(name) === '.ts';
    const file = { type: types[extname(name)] ?? '', body: isTyped ? stripTypeScriptTypes(text) : text };
    this.#read.set(name, file);
    return file;
  }

  /** The page itself, which asks for all that it begins with at once, instead of finding one file by the other. */
  page(): WebFile {
    if (this.#page !== undefined) return this.#page;
    const preloads = [...this.#reached(start)].map(
      (name) => `    <link rel="modulepreload" href="${this.#address(name)}">\n`,
    );
    const body = this.#pageText().replace('  </head>', `${preloads.join('')}  </head>`);
    this.#page = { type: types['.html'] ?? '', body };
    return this.#page;
  }

  #pageText(): string {
    return this.#text(page).replaceAll('"/web/', `"${this.#address('web/')}`);
  }

  #address(name: string): string {
    return `/pages/${this.version}/${name}`;
  }

  #text(name: string): string {
    return readFileSync(this.#places.get(name) ?? join(root, name), 'utf8');
  }

  /** A module and all that it imports as soon as it is loaded. */
  #reached(name: string, seen = new Set<string>()): ReadonlySet<string> {
    if (seen.has(name) || !this.#places.has(name)) return seen;
    seen.add(name);
    for (const [, imported = ''] of (this.file(name)?.body ?? '').matchAll(/^import [^;]*'([^']+)';/gm)) {
      const isPackage = !imported.startsWith('.');
      const path = isPackage ? `web/lib/${imported.includes('/') ? imported : `${imported}/${imported}.js`}` : imported;
      this.#reached(isPackage ? path : posix.join(posix.dirname(name), path), seen);
    }
    return seen;
  }
}
