import type { Command } from '../../src/commands/command.ts';
import { actions } from '../../src/commands/index.ts';
import type { Input, Inputs, Outputs } from '../../src/inputs/table.ts';

/** The action `pre-deploy`: a composite of its siblings, and of a script that says how to go back. */

/** Which sibling saves what; the words that a restore chooses it by are of its kind. */
const STEPS = [
  { id: 'servers', action: 'backup-server' },
  { id: 'volumes', action: 'backup-volume' },
  { id: 'images', action: 'backup-image' },
] as const;

/** What each sibling gets that knows it. */
const SHARED = [
  'cloud',
  'clouds-yaml',
  'region',
  'project',
  'method',
  'store',
  'expiry-days',
  'recipients',
  'sign-key',
];

const OWN = {
  'restore-volume-workflow': {
    kind: 'text',
    default: 'manual-restore.yml',
    description: 'The workflow that restores a volume; the way back starts it.',
  },
  'restore-server-workflow': {
    kind: 'text',
    default: 'manual-restore-server.yml',
    description: 'The workflow that restores a server; the way back starts it.',
  },
} as const satisfies Inputs;

export const preDeployOutputs = {
  'restore-point': {
    description:
      'What was saved, as one string that every restore takes as `manifest`: in a later job of the run, and in another workflow.',
  },
  'way-back': {
    description:
      'The way back, one command per line: `gh workflow run …`. The log and the summary have it too.',
  },
} as const satisfies Outputs;

export const preDeploySummary =
  'Before a deployment: save the volumes, servers and images that it touches, and print the way back.';

export async function preDeployInputs(): Promise<Inputs> {
  const siblings = await siblingsOf();
  const shared = SHARED.map((name): [string, Input] => {
    const found = siblings.map(({ inputs }) => inputs[name]).find((input) => input !== undefined);
    if (found === undefined) throw new Error(`no sibling of pre-deploy has an input ${name}`);
    return [name, found];
  });
  // None of them is needed where another is given.
  const chosen = STEPS.map(({ id }, at): [string, Input] => {
    const input = siblings[at]?.inputs[id];
    if (input?.kind !== 'list') throw new Error(`no sibling of pre-deploy has a list ${id}`);
    const { required: _required, ...optional } = input;
    return [id, optional];
  });
  return { ...Object.fromEntries([...chosen, ...shared]), ...OWN };
}

/** What `runs` of its action.yml holds. */
export async function preDeployRuns(): Promise<object> {
  const siblings = await siblingsOf();
  const saving = STEPS.map(({ id, action }, at) => ({
    id,
    name: `Save ${id}`,
    if: `inputs.${id} != ''`,
    uses: `OWNER/openstack-backup/actions/${action}@v1`,
    with: {
      [id]: given(id),
      ...Object.fromEntries(
        SHARED.filter((name) => siblings[at]?.inputs[name] !== undefined).map((name) => [name, given(name)]),
      ),
      // What `keep-tag: pre-deploy` keeps.
      tag: 'pre-deploy',
      publish: 'artifact',
      // By the time that it expires it is known whether the deployment is good.
      expiry: 'any',
    },
  }));
  return {
    using: 'composite',
    steps: [
      ...saving,
      {
        id: 'restore-point',
        name: 'Say how to go back',
        shell: 'bash',
        run: 'bash "$GITHUB_ACTION_PATH/restore-point.sh"',
        env: {
          MANIFESTS: STEPS.map(({ id }) => `\${{ steps.${id}.outputs.manifest }}`).join(' '),
          KINDS: everyPoints('kind'),
          METHODS: everyPoints('method'),
          IDS: everyPoints('resource'),
          RESTORE_VOLUME: given('restore-volume-workflow'),
          RESTORE_SERVER: given('restore-server-workflow'),
        },
      },
    ],
  };
}

function given(input: string): string {
  return `\${{ inputs.${input} }}`;
}

/** Of all restore points, in the order of the steps. */
function everyPoints(property: string): string {
  return STEPS.map(
    ({ id }) => `\${{ join(fromJSON(steps.${id}.outputs.restore-points || '[]').*.${property}, ' ') }}`,
  ).join(' ');
}

async function siblingsOf(): Promise<Command[]> {
  const loaded: Command[] = [];
  for (const { action } of STEPS) {
    const load = actions[action];
    if (load === undefined) throw new Error(`there is no action ${action}`);
    loaded.push(await load());
  }
  return loaded;
}
