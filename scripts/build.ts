import { execFile } from 'node:child_process';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { minify } from '@swc/core';
import { actions } from '../src/commands/index.ts';

/**
 * Builds `dist/`: TypeScript → JavaScript in `build/js` → one bundle by ncc, split where the source imports lazily →
 * made smaller → two-line stubs. The same source gives the same bytes wherever it is built; `check:dist` relies on it.
 */
const root = join(import.meta.dirname, '..');
const js = join(root, 'build/js');
const dist = join(root, 'dist');
const run = promisify(execFile);

const node = (tool: string, ...words: string[]) =>
  run(process.execPath, [join(root, 'node_modules', tool), ...words], { cwd: root, maxBuffer: 64 << 20 });

async function bundle(): Promise<void> {
  await rm(js, { recursive: true, force: true });
  await rm(dist, { recursive: true, force: true });
  // ncc's own loader wants other compiler options than ours. Types are checked by `npm run types`.
  await node('typescript/bin/tsc', '-p', 'tsconfig.build.json', '--noCheck');
  const from = ['build', join(js, 'bundle.js'), '--out', dist];
  await node('@vercel/ncc/dist/ncc/cli.js', ...from, '--license', 'licenses.txt', '--no-cache', '--quiet');
}

/**
 * Undici's second parser of HTTP is an experiment that only a variable turns on: Node itself builds undici without it, by the
 * same word. And of the first one the form for processors without SIMD, which V8 has on x64 and arm64. Each is a fortieth of
 * the bundle. https://github.com/nodejs/undici/blob/main/lib/dispatcher/client-h1.js
 */
async function withoutUnused(source: string): Promise<string> {
  if (!source.includes('useMilo')) return source;
  let rest = source.replaceAll("typeof esbuildDetection === 'undefined'", 'false');
  if (rest === source) throw new Error('undici names the parser that is left out in another way');
  for (const name of ['milo/simd', 'milo/no-simd', 'llhttp/llhttp-wasm']) {
    const module = await readFile(join(root, 'node_modules/undici/lib', `${name}.js`), 'utf8');
    const wasm = /'(AGFzbQ[^']+)'/.exec(module)?.[1];
    if (wasm === undefined || !rest.includes(wasm)) throw new Error(`undici's ${name}.js has another form`);
    rest = rest.replace(wasm, '');
  }
  return rest;
}

/** Every job of every user downloads this. Names are kept, for stack traces; ncc's own `--minify` leaves the chunks out. */
async function squeeze(): Promise<void> {
  for (const name of await readdir(dist)) {
    if (!name.endsWith('.js')) continue;
    const path = join(dist, name);
    const source = await withoutUnused(await readFile(path, 'utf8'));
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

await bundle();
await squeeze();
await stubs();
