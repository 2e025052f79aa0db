import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { minify } from '@swc/core';
import ncc from '@vercel/ncc';
import { actions } from '../src/commands/index.ts';
import { leftOut, notAsAsked, ofNode, STUB, stub } from './build/left-out.ts';
import { BUILT_FROM, digestOfSource } from './build/source.ts';

/**
 * Builds `dist/`: TypeScript → JavaScript in `build/js` → one bundle by ncc, split where the source imports lazily →
 * made smaller → two-line stubs. The same source gives the same bytes wherever it is built; `check:dist` relies on it.
 */
const root = join(import.meta.dirname, '..');
const js = join(root, 'build/js');
const dist = join(root, 'dist');
const run = promisify(execFile);

async function bundle(): Promise<void> {
  await rm(js, { recursive: true, force: true });
  await rm(dist, { recursive: true, force: true });
  // ncc's own loader wants other compiler options than ours. Types are checked by `npm run types`.
  await run(
    process.execPath,
    [join(root, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json', '--noCheck'],
    {
      cwd: root,
    },
  );
  const parts = Object.values(leftOut).flat();
  const { code, assets, stats } = await ncc(join(js, 'bundle.js'), {
    externals: { ...Object.fromEntries(parts.map((part) => [part, STUB])), ...ofNode },
    license: 'licenses.txt',
    cache: false,
    quiet: true,
  });
  const { modules } = stats.toJson({ all: false, modules: true, reasons: true, modulesSpace: Infinity });
  const asked = modules.filter(({ name }) => name === `external "${STUB}"`).flatMap(({ reasons }) => reasons);
  const wrong = [...notAsAsked(asked)];
  if (wrong.length > 0)
    throw new Error(`scripts/build/left-out.ts is not as the packages are:\n${wrong.join('\n')}`);
  await mkdir(dist);
  await writeFile(join(dist, 'index.js'), code);
  for (const [name, { source }] of Object.entries(assets)) await writeFile(join(dist, name), source);
  await writeFile(join(dist, STUB), stub);
}

/**
 * Undici's second parser of HTTP, by the word by which Node builds undici without it. It is asked for before any request.
 * https://github.com/nodejs/undici/blob/main/lib/dispatcher/client-h1.js
 */
function withoutMilo(source: string): string {
  if (!source.includes('useMilo')) return source;
  const rest = source.replaceAll("typeof esbuildDetection === 'undefined'", 'false');
  if (rest === source) throw new Error('undici names the parser that is left out in another way');
  return rest;
}

/** Every job of every user downloads this. Names are kept, for stack traces; ncc's own `--minify` leaves the chunks out. */
async function squeeze(): Promise<void> {
  for (const name of await readdir(dist)) {
    if (!name.endsWith('.js')) continue;
    const path = join(dist, name);
    const source = withoutMilo(await readFile(path, 'utf8'));
    // A class that makes one of itself while it is being defined, as the curves of age do, is broken by swc if it keeps its name.
    const keepsClasses = !/\bnoble-curves\b/.test(source);
    const { code } = await minify(source, {
      module: true,
      compress: { keep_classnames: true, keep_fnames: true },
      mangle: { keep_classnames: keepsClasses, keep_fnames: true },
      format: { comments: false },
    });
    await writeFile(path, `${code}\n`);
  }
}

async function stubs(): Promise<void> {
  const stub = (name: string, lines: readonly string[]) =>
    writeFile(join(dist, `${name}.js`), `${lines.join('\n')}\n`);
  // Imported behind the check: an older node stops at the bundle's first line with a stack trace.
  await stub('cli', [
    "if (Number(process.versions.node.split('.')[0]) < 24) {",
    "  const need = 'error: openstack-backup needs Node 24 or newer, and this is ' + process.version;",
    "  const way = 'Bring one along: npx --package node@24 --package openstack-backup openstack-backup …';",
    "  process.stderr.write(need + '\\n  ' + way + '\\n');",
    '  process.exit(2);',
    '}',
    "const { cli } = await import('./index.js');",
    'process.exitCode = await cli(process.argv.slice(2));',
  ]);
  for (const name of Object.keys(actions)) {
    await stub(name, ["import { run } from './index.js';", `await run('${name}');`]);
    await stub(`${name}-post`, ["import { post } from './index.js';", `await post('${name}');`]);
  }
}

const digest = digestOfSource(root);
await bundle();
await squeeze();
await stubs();
await writeFile(join(dist, BUILT_FROM), `${digest}\n`);
