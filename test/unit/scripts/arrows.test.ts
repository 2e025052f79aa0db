import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterEach, expect, jest, test } from '@jest/globals';

jest.setTimeout(60_000);

const program = resolve(import.meta.dirname, '../../../scripts/arrows.ts');

let tree = '';
afterEach(() => rm(tree, { recursive: true, force: true }));

/** What `npm run arrows` says of a tree with these files. */
async function arrows(files: Readonly<Record<string, string>>): Promise<{ code: unknown; lines: string[] }> {
  tree = await mkdtemp(join(tmpdir(), 'arrows-'));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(tree, name)), { recursive: true });
    await writeFile(join(tree, name), text);
  }
  return new Promise((done) => {
    execFile(process.execPath, [program], { cwd: tree }, (error, stdout) =>
      done({ code: error?.code ?? 0, lines: stdout.trimEnd().split('\n') }),
    );
  });
}

const names = (...others: string[]) => others.map((from) => `import '${from}';\n`).join('');

const SOUND = {
  'src/cli.ts': names('./commands/a.ts'),
  'src/commands/a.ts': names('../text/a.ts', '../openstack/a.ts'),
  'src/openstack/a.ts': names('../text/a.ts'),
  'src/text/a.ts': 'export const a = 1;\n',
  'test/fakes/cloud/index.ts': names('./http.ts'),
  'test/fakes/cloud/http.ts': 'export const http = 1;\n',
};

test('a tree that keeps the rules has no exceptions, and its arrows are told', async () => {
  const { code, lines } = await arrows(SOUND);
  expect(code).toBe(0);
  expect(lines.at(-1)).toBe('6 modules, 0 exceptions');
  expect(lines).toContain('commands      → openstack (1), text (1)');
});

test('each breach is found, and told with who imports whom', async () => {
  const breaches = {
    'src/text/up.ts': names('../commands/a.ts'),
    'src/text/round.ts': names('./about.ts'),
    'src/text/about.ts': names('./round.ts'),
    'src/store/a.ts': names('../keys/a.ts'),
    'src/keys/a.ts': 'export const key = 1;\n',
    'src/shared/a.ts': 'export const nobody = 1;\n',
    'test/fakes/cloud/product.ts': names('../../../src/text/a.ts'),
    'test/fakes/cloud/support.ts': names('../../support/a.ts'),
    'test/support/a.ts': 'export const help = 1;\n',
  };
  const { code, lines } = await arrows({ ...SOUND, ...breaches });
  expect(code).toBe(1);
  expect(lines.filter((line) => / → .*\.ts$|^every/.test(line)).sort()).toEqual([
    'every-folder-has-a-level: src/shared/a.ts',
    'no-circle: src/text/about.ts → src/text/round.ts',
    'store-knows-no-sibling: src/store/a.ts → src/keys/a.ts',
    'text-imports-only-what-is-below: src/text/up.ts → src/commands/a.ts',
    'the-embedded-cloud-stands-alone: test/fakes/cloud/product.ts → src/text/a.ts',
    'the-embedded-cloud-stands-alone: test/fakes/cloud/support.ts → test/support/a.ts',
  ]);
  expect(lines.at(-1)).toMatch(/ 6 exceptions$/);
});
