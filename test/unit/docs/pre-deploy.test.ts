import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { actions } from '../../../src/commands/index.ts';

/** What the composite `pre-deploy` hands to its siblings, and what its script makes of theirs. */
const root = join(import.meta.dirname, '../../..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const directory = mkdtempSync(join(tmpdir(), 'pre-deploy-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

let runs = 0;

function script(given: Record<'MANIFESTS' | 'KINDS' | 'METHODS' | 'IDS', string>) {
  runs += 1;
  const [output, summary] = [join(directory, `output-${runs}`), join(directory, `summary-${runs}`)];
  const { status, stdout } = spawnSync('bash', [join(root, 'actions/pre-deploy/restore-point.sh')], {
    encoding: 'utf8',
    env: {
      PATH: process.env['PATH'],
      GITHUB_WORKFLOW_REF: 'acme/infra/.github/workflows/deploy.yml@refs/heads/main',
      GITHUB_RUN_ID: '7',
      GITHUB_OUTPUT: output,
      GITHUB_STEP_SUMMARY: summary,
      RESTORE_VOLUME: 'manual-restore.yml',
      RESTORE_SERVER: 'manual-restore-server.yml',
      ...given,
    },
  });
  if (status !== 0) return { status, stdout, outputs: '', summary: '' };
  return { status, stdout, outputs: readFileSync(output, 'utf8'), summary: readFileSync(summary, 'utf8') };
}

const SAVED = {
  MANIFESTS: ' artifact:7/openstack-backup-7-1-a  artifact:7/openstack-backup-7-1-b ',
  KINDS: 'server volume image secret volume image',
  METHODS: 'disks cinder-backup kept sealed image download',
  IDS: 's1 v1 i1 k1 v2 i2',
};

test('one string names all that was saved; each way back is an example, with inputs that it has', () => {
  const { status, stdout, outputs, summary } = script(SAVED);
  expect(status).toBe(0);
  const point = 'artifact:7/openstack-backup-7-1-a,openstack-backup-7-1-b';
  const inputs = `-f manifest=${point} -f workflow=deploy.yml`;
  const words = [
    `gh workflow run manual-restore-server.yml ${inputs} -f server=s1 -f name=before-7 # to a new server`,
    `gh workflow run manual-restore.yml ${inputs} -f volume=v1 -f name=before-7 # to a new volume`,
    `gh workflow run manual-restore.yml ${inputs} -f volume=v1 -f to=v1 -f overwrite=true # over it, if it is detached: what is on it now is lost`,
    `gh workflow run manual-restore.yml ${inputs} -f volume=v2 -f name=before-7 # to a new volume`,
    `# image i2: actions/restore-image with image: i2, workflow: deploy.yml, manifest: ${point}`,
  ].join('\n');
  expect(outputs).toBe(`restore-point=${point}\nway-back<<END-OF-WAY-BACK\n${words}\nEND-OF-WAY-BACK\n`);
  expect([stdout, summary]).toEqual([expect.stringContaining(words), expect.stringContaining(words)]);
  for (const [, file = '', options = ''] of words.matchAll(/gh workflow run (\S+)((?: -f \S+)+)/g)) {
    const { on } = parse(read(`examples/${file}`)) as {
      on: { workflow_dispatch: { inputs: Record<string, unknown> } };
    };
    const names = [...options.matchAll(/-f ([\w-]+)=/g)].map(([, name]) => name);
    expect(Object.keys(on.workflow_dispatch.inputs)).toEqual(expect.arrayContaining(names));
  }
});

test('nothing saved is an error: nothing is to be deployed then', () => {
  const { status, stdout } = script({ MANIFESTS: '  ', KINDS: '', METHODS: '', IDS: '' });
  expect([status, stdout]).toEqual([1, expect.stringContaining('nothing was saved: give `volumes`')]);
});

test('each sibling gets only inputs that it has', async () => {
  const { runs: composite } = parse(read('actions/pre-deploy/action.yml')) as {
    runs: { using: string; steps: { uses?: string; with?: Record<string, string> }[] };
  };
  const used = composite.steps.flatMap(({ uses, with: given = {} }) =>
    uses === undefined ? [] : [{ uses, given }],
  );
  expect([composite.using, used.length]).toEqual(['composite', 3]);
  for (const { uses, given } of used) {
    const name = /^OWNER\/openstack-backup\/actions\/([\w-]+)@v1$/.exec(uses)?.[1] ?? '';
    const command = await actions[name]?.();
    expect(Object.keys(command?.inputs ?? {})).toEqual(expect.arrayContaining(Object.keys(given)));
    expect(given['tag']).toBe('pre-deploy');
  }
});
