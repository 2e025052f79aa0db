import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { type EmbeddedCloud, startEmbeddedCloud } from '../test/fakes/cloud/index.ts';
import { type FakeGitHub, startFakeGitHub } from '../test/fakes/github/index.ts';

/**
 * `npm run picture`: docs/summary*.png, the job summaries of real runs of `dist/` against the embedded cloud. GitHub's own
 * Markdown (cmark-gfm), a browser without a window. Needs chromium, a font with emoji (fonts-noto-color-emoji), and cmarkgfm in
 * a virtual environment:
 * `python3 -m venv build/tools/picture && build/tools/picture/bin/pip install cmarkgfm`. With names, such as `summary-drill`,
 * only those.
 */
const root = join(import.meta.dirname, '..');
const directory = await mkdtemp(join(tmpdir(), 'picture-'));

/** A job with one step. @returns its summary */
type Job = (action: string, inputs: Readonly<Record<string, string>>) => Promise<string>;

function jobsOf(cloud: EmbeddedCloud, github: FakeGitHub): Job {
  return async (action, inputs) => {
    const file = join(directory, 'summary.md');
    await writeFile(file, '');
    const run = github.state.addRun({ status: 'in_progress', conclusion: null });
    const child = spawn(process.execPath, [join(root, `dist/${action}.js`)], {
      cwd: directory,
      env: {
        ...github.environment(run),
        PATH: process.env['PATH'],
        RUNNER_TEMP: directory,
        GITHUB_WORKSPACE: directory,
        GITHUB_STEP_SUMMARY: file,
        'INPUT_CLOUDS-YAML': cloud.cloudsYaml('demo'),
        ...Object.fromEntries(
          Object.entries(inputs).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]),
        ),
      },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    await new Promise((resolve) => child.on('close', resolve));
    Object.assign(run, { status: 'completed', conclusion: 'success' });
    return readFile(file, 'utf8');
  };
}

/** Three of four volumes saved. */
async function backup(cloud: EmbeddedCloud, job: Job): Promise<string> {
  const inputs = { volumes: 'all', publish: 'release' };
  await job('backup-volume', inputs);
  cloud.seed.addVolume({ name: 'mail', size: 8 });
  const fourth = cloud.seed.addVolume({ name: 'archive', size: 4 });
  cloud.faults.add({
    when: { method: 'POST', path: '/backups', body: (sent) => JSON.stringify(sent).includes(fourth.id) },
    do: { failLater: 'Backup driver error', detail: 'Backup service found no space left in the container.' },
  });
  return job('backup-volume', inputs);
}

const PLAN = (project: string) => `version: 1
project: ${project}
publish: [release]
keep: {last: 2, min-copies: 1}
back-up:
  - {name: nightly, select: [web-1, db, mail], method: cinder-backup, max-chain: 1, every: 1d}
exclude:
  - {select: "name:scratch-*", reason: rebuilt by CI}
`;

/** A plan carried out on its fourth night: the fourth makes the first go, and a new volume is in no entry. */
async function applied(cloud: EmbeddedCloud, job: Job, last: string): Promise<string> {
  const { seed } = cloud;
  seed.addVolume({ name: 'mail', size: 8 });
  seed.addVolume({ name: 'scratch-1', size: 10 });
  const [volume] = cloud.state.volumes.values();
  await writeFile(join(directory, 'plan.yml'), PLAN(volume?.projectId ?? ''));
  const inputs = { plan: 'plan.yml', 'allow-unsigned': 'true' };
  for (const _night of [1, 2, 3])
    await job('backup-volume', { volumes: 'db\nmail\nweb-data', mode: 'full', publish: 'release' });
  if (last === 'apply') seed.addVolume({ name: 'new', size: 5 });
  return job(last, inputs);
}

const DRILLED = (project: string) => `version: 1
project: ${project}
publish: [release]
back-up:
  - {name: nightly, select: [mail, files], method: cinder-backup, every: 1d}
exclude:
  - {select: [web-1, web-data, db], reason: in another plan}
drill: {every: 1d, level: volume, rto: 2h, max-age: 30d}
`;

/** A drill of one of two volumes, and what the report says then. */
async function drilled(cloud: EmbeddedCloud, job: Job): Promise<string> {
  const disk = zstdDecompressSync(await readFile(join(root, 'test/fixtures/disks/ext4.zst')));
  const { projectId } = cloud.seed.addVolume({ name: 'mail', size: 8, bytes: disk });
  cloud.seed.addVolume({ name: 'files', size: 20, bytes: disk });
  await writeFile(join(directory, 'plan.yml'), DRILLED(projectId));
  await job('backup-volume', { volumes: 'mail\nfiles', publish: 'release' });
  const told = await job('drill', { plan: 'plan.yml', volume: 'mail' });
  return `${told}\n\n${await job('report', { plan: 'plan.yml' })}`;
}

const PICTURES: Readonly<Record<string, (cloud: EmbeddedCloud, job: Job) => Promise<string>>> = {
  summary: backup,
  'summary-apply': (cloud, job) => applied(cloud, job, 'apply'),
  'summary-prune': (cloud, job) => applied(cloud, job, 'prune'),
  'summary-report': (cloud, job) => applied(cloud, job, 'report'),
  'summary-drill': drilled,
};

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

async function draw(name: string, markdown: string): Promise<void> {
  const render =
    'import sys, cmarkgfm; print(cmarkgfm.github_flavored_markdown_to_html(sys.stdin.read(), cmarkgfm.cmark.Options.CMARK_OPT_UNSAFE))';
  const html = run(join(root, 'build/tools/picture/bin/python'), ['-c', render], markdown);
  const page = join(directory, `${name}.html`);
  await writeFile(page, `<!doctype html><meta charset="utf-8"><style>${style}</style>${html}`);
  const browser = (...words: string[]) =>
    run('chromium', [
      ...[
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        '--hide-scrollbars',
        '--force-device-scale-factor=1.5',
      ],
      `--user-data-dir=${join(directory, 'profile')}`,
      ...words,
      `file://${page}`,
    ]);
  // Its own height, so that nothing is cut off, and nothing is empty.
  await writeFile(
    page,
    `${await readFile(page, 'utf8')}<script>document.title = document.body.offsetHeight + 48</script>`,
  );
  const height = /<title>(\d+)/.exec(browser('--dump-dom'))?.[1] ?? '660';
  browser(`--window-size=1230,${height}`, `--screenshot=${join(root, `docs/${name}.png`)}`);
}

try {
  const wanted = process.argv.slice(2);
  for (const [name, make] of Object.entries(PICTURES)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    await using cloud = await startEmbeddedCloud({ ticksPerGib: 10 });
    await using github = await startFakeGitHub();
    const server = cloud.seed.addServer({ name: 'web-1' });
    cloud.seed.attach(server, cloud.seed.addVolume({ name: 'web-data', size: 40 }));
    cloud.seed.addVolume({ name: 'db', type: 'luks', size: 20 });
    const markdown = await make(cloud, jobsOf(cloud, github));
    process.stdout.write(`${name}\n\n${markdown}\n\n`);
    await draw(name, markdown);
  }
} finally {
  await rm(directory, { recursive: true, force: true });
}
