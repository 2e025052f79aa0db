import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedCloud } from '../test/fakes/cloud/index.ts';
import { startFakeGitHub } from '../test/fakes/github/index.ts';

/**
 * `npm run picture`: docs/summary.png, the job summary of a real run of `dist/` against the embedded cloud. GitHub's own
 * Markdown (cmark-gfm), a browser without a window. Needs chromium, and cmarkgfm in a virtual environment:
 * `python3 -m venv build/tools/picture && build/tools/picture/bin/pip install cmarkgfm`.
 */
const root = join(import.meta.dirname, '..');
const directory = await mkdtemp(join(tmpdir(), 'picture-'));

async function summaryOfRun(): Promise<string> {
  await using cloud = await startEmbeddedCloud({ ticksPerGib: 10 });
  await using github = await startFakeGitHub();
  const server = cloud.seed.addServer({ name: 'web-1' });
  cloud.seed.attach(server, cloud.seed.addVolume({ name: 'web-data', size: 40 }));
  cloud.seed.addVolume({ name: 'db', type: 'luks', size: 20 });
  const night = async (): Promise<string> => {
    const file = join(directory, 'summary.md');
    await writeFile(file, '');
    const run = github.state.addRun({ status: 'in_progress', conclusion: null });
    const child = spawn(process.execPath, [join(root, 'dist/backup-volume.js')], {
      env: {
        ...github.environment(run),
        PATH: process.env['PATH'],
        RUNNER_TEMP: directory,
        GITHUB_STEP_SUMMARY: file,
        'INPUT_CLOUDS-YAML': cloud.cloudsYaml('demo'),
        INPUT_VOLUMES: 'all',
        INPUT_PUBLISH: 'release',
      },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    await new Promise((resolve) => child.on('close', resolve));
    return readFile(file, 'utf8');
  };
  await night();
  cloud.seed.addVolume({ name: 'mail', size: 8 });
  const third = cloud.seed.addVolume({ name: 'archive', size: 4 });
  cloud.faults.add({
    when: { method: 'POST', path: '/backups', body: (sent) => JSON.stringify(sent).includes(third.id) },
    do: { failLater: 'Backup driver error', detail: 'Backup service found no space left in the container.' },
  });
  // Awaited here: the cloud must outlive it.
  return await night();
}

function run(command: string, words: readonly string[], input?: string): string {
  const { status, stdout, stderr, error } = spawnSync(command, words, { input, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command}: ${error?.message ?? stderr}`);
  return stdout;
}

const style = `
  body { margin: 24px; width: 1180px; font: 14px/1.5 sans-serif; color: #1f2328; background: #fff }
  h3 { font-size: 1.25em } table { border-collapse: collapse; margin: 0 0 16px }
  th, td { padding: 6px 13px; border: 1px solid #d1d9e0; text-align: left }
  tr:nth-child(2n) { background: #f6f8fa }
  code { padding: .2em .4em; background: #818b981f; border-radius: 6px; font-size: 85% }
  pre { padding: 16px; background: #f6f8fa; border-radius: 6px } pre code { padding: 0; background: none }
`;

try {
  const markdown = await summaryOfRun();
  const render = 'import sys, cmarkgfm; print(cmarkgfm.github_flavored_markdown_to_html(sys.stdin.read()))';
  const html = run(join(root, 'build/tools/picture/bin/python'), ['-c', render], markdown);
  const page = join(directory, 'summary.html');
  await writeFile(page, `<!doctype html><meta charset="utf-8"><style>${style}</style>${html}`);
  run('chromium', [
    ...[
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--hide-scrollbars',
      '--force-device-scale-factor=1.5',
    ],
    ...['--window-size=1230,660', `--user-data-dir=${join(directory, 'profile')}`],
    `--screenshot=${join(root, 'docs/summary.png')}`,
    `file://${page}`,
  ]);
  process.stdout.write(markdown);
} finally {
  await rm(directory, { recursive: true, force: true });
}
