import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { actions } from '../../../src/commands/index.ts';
import { expiryDoubt } from '../../../src/publish/expiry.ts';
import { parsePlace } from '../../../src/store/place-name.ts';

/** Every workflow that people copy: the examples, and those of README.md and the actions' READMEs. */
const root = join(import.meta.dirname, '../../..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');

interface Concurrency {
  readonly group: string;
  readonly queue?: string;
  readonly 'cancel-in-progress'?: boolean;
}

interface Step {
  readonly uses?: string;
  readonly with?: Readonly<Record<string, string>>;
}

interface Job {
  readonly 'runs-on': string | readonly string[];
  readonly permissions?: Readonly<Record<string, string>>;
  readonly concurrency?: Concurrency;
  readonly steps?: readonly Step[];
  /** A workflow that it calls. */
  readonly uses?: string;
  readonly with?: Readonly<Record<string, string>>;
}

interface Workflow {
  readonly on: unknown;
  readonly permissions: unknown;
  readonly concurrency?: Concurrency;
  readonly jobs: Readonly<Record<string, Job>>;
}

/** The only action that is no command. */
const COMPOSITE = 'pre-deploy';

/** The plan lies beside them: test/unit/planfile/doc.test.ts reads it. */
const examples = readdirSync(join(root, 'examples')).filter((name) => name !== 'openstack-backup.yml');

const papers = [
  'README.md',
  ...readdirSync(join(root, 'actions')).map((name) => `actions/${name}/README.md`),
];

const workflows: [string, Workflow][] = [
  ...examples.map((name): [string, string] => [`examples/${name}`, read(`examples/${name}`)]),
  ...papers.map((paper): [string, string] => [paper, /```yaml\n([\s\S]*?)```/.exec(read(paper))?.[1] ?? '']),
].map(([path, text]) => [path, parse(text) as Workflow]);

const SHARDS = 'OWNER/openstack-backup/.github/workflows/backup-shards.yml@';

/** The jobs that use an action of ours, which one, and with what. */
function ours({ jobs }: Workflow) {
  return Object.values(jobs).flatMap((job) =>
    [job, ...(job.steps ?? [])].flatMap(({ uses, with: given = {} }) => {
      // What carries out a plan in shards needs what `apply` needs.
      if (uses?.startsWith(SHARDS)) return [{ job, name: 'apply', given, saves: true }];
      // The root is `apply`.
      const [, at] = /^OWNER\/openstack-backup(?:\/actions\/([\w-]+))?@/.exec(uses ?? '') ?? [];
      const name = uses?.startsWith('OWNER/openstack-backup@') ? 'apply' : at;
      return name === undefined
        ? []
        : [{ job, name, given, saves: /^(?:(?:backup|export)-|apply$|pre-deploy$)/.test(name) }];
    }),
  );
}

/** The plan of the examples asks for an issue; one that is beside a README's workflow may not. */
const keepsIssue = (path: string, name: string) =>
  path.startsWith('examples/') && (name === 'apply' || name === 'report');

const attests = ({ steps = [] }: Job) => steps.some(({ uses }) => uses?.startsWith('actions/attest@'));

function savingRights(name: string, job: Job, given: Readonly<Record<string, string>>) {
  return {
    actions: 'read',
    // Where it publishes, a plan says; and the plan is checked out.
    ...(name === 'apply' || placesOf(given).includes('release') ? { contents: 'write' } : {}),
    ...roleRights(given),
    ...(attests(job) ? { attestations: 'write', 'id-token': 'write' } : {}),
  };
}

/** Their record goes where the manifests are: for `prune`, where the plan publishes. */
const PRUNING = { actions: 'read', contents: 'write' };
/** To take a role, the job asks for a token. */
const roleRights = (given: Readonly<Record<string, string>>) =>
  given['store-role'] === undefined ? {} : { 'id-token': 'write' };
const recordsBeside = (name: string, given: Readonly<Record<string, string>>) =>
  name === 'verify' || name === 'drill' || (name === 'prune' && given['plan'] !== undefined);

const placesOf = (given: Readonly<Record<string, string>>) =>
  (given['publish'] ?? 'artifact')
    .split(/[,\n]/)
    .map((place) => place.trim())
    .filter(Boolean);

/** A variable that may name any store names one that lasts. */
const stored = (store: string) => store.replace(/^\$\{\{ vars\.BACKUP_STORE \}\}$/, 's3://bucket/prefix');

test('every action has a workflow to copy', () => {
  const used = workflows.flatMap(([, workflow]) => ours(workflow).map(({ name }) => name));
  expect(new Set(used)).toEqual(new Set([...Object.keys(actions), COMPOSITE]));
  expect(workflows.length).toBe(papers.length + examples.length);
});

describe.each(workflows)('%s', (path, workflow) => {
  const uses = ours(workflow);

  test('takes no permission for all its jobs, and for one that uses us what docs/permissions.md says', () => {
    expect(uses).not.toEqual([]);
    expect(workflow.permissions).toEqual({});
    for (const { name, job, saves, given } of uses) {
      const restoring = { actions: 'read', contents: 'read' };
      const { issues, ...permissions } = job.permissions ?? {};
      expect(permissions).toEqual(
        saves
          ? savingRights(name, job, given)
          : { ...(recordsBeside(name, given) ? PRUNING : restoring), ...roleRights(given) },
      );
      expect(issues).toBe(keepsIssue(path, name) ? 'write' : undefined);
    }
  });

  /** https://docs.github.com/actions/how-tos/write-workflows/choose-when-workflows-run/control-workflow-concurrency */
  test('queues without cancelling: saving with all that save, restoring with all that restore', () => {
    const all = [workflow, ...Object.values(workflow.jobs)].flatMap(({ concurrency }) => concurrency ?? []);
    for (const concurrency of all) {
      expect(concurrency.queue).toBe('max');
      expect(concurrency['cancel-in-progress'] ?? false).toBe(false);
    }
    // What only reads waits for none of them.
    for (const { name, saves, job } of uses.filter((one) => one.name !== 'plan-show')) {
      const group = (job.concurrency ?? workflow.concurrency)?.group;
      if (['list', 'show', 'report', 'verify'].includes(name))
        expect([undefined, 'openstack-report']).toContain(group);
      else expect(group).toBe(saves || name === 'prune' ? 'openstack-backup' : 'openstack-restore');
    }
  });

  test('has no job of a matrix in a group, whose legs would wait for each other', () => {
    const inGroups = Object.values(workflow.jobs).filter(({ concurrency }) => concurrency !== undefined);
    expect(inGroups.filter((job) => 'strategy' in job)).toEqual([]);
  });

  test('warns of no artifact that expires, night after night', () => {
    const doubts = uses.flatMap(({ name, job, saves, given }) => {
      // Of a plan, plan check warns; before a deployment, artifacts are enough.
      if (!saves || name === 'apply' || name === COMPOSITE || given['expiry'] === 'any') return [];
      const places = placesOf(given).map((place) => parsePlace(place.replace(/\$\{\{.*?\}\}/g, '/disk')));
      expect(places).not.toContain(undefined);
      const here = {
        repository: 'o/r',
        repositoryId: 1,
        runId: 1,
        attempt: 1,
        workflow: undefined,
        event: undefined,
        ref: undefined,
        vanishes: ![job['runs-on']].flat().includes('self-hosted'),
        retentionDays: 90,
      };
      return (
        expiryDoubt(
          places.flatMap((place) => place ?? []),
          0,
          here,
          placesOf(given).includes('store') ? [{ name: stored(given['store'] ?? '') }] : [],
        ) ?? []
      );
    });
    expect(doubts).toEqual([]);
  });
});

describe('the workflow of shards', () => {
  interface Called {
    readonly on: { readonly workflow_call: Record<'inputs' | 'secrets', Readonly<Record<string, object>>> };
    readonly jobs: Workflow['jobs'];
  }
  const text = read('.github/workflows/backup-shards.yml');
  const { on, jobs } = parse(text) as Called;
  const known = (name: 'inputs' | 'secrets') => new Set(Object.keys(on.workflow_call[name]));
  const calls = workflows.flatMap(([, { jobs }]) =>
    Object.values(jobs).filter(({ uses }) => uses?.startsWith(SHARDS)),
  );

  test('is called by an example, with inputs and secrets that it has', () => {
    expect(calls).toHaveLength(1);
    for (const job of calls) {
      const { secrets } = job as unknown as { readonly secrets: object };
      expect([...known('inputs')]).toEqual(expect.arrayContaining(Object.keys(job.with ?? {})));
      expect([...known('secrets')]).toEqual(expect.arrayContaining(Object.keys(secrets)));
    }
  });

  test('uses each input and each secret, and no other', () => {
    const used = (name: string) =>
      new Set([...text.matchAll(new RegExp(`\\b${name}\\.([\\w-]+)`, 'g'))].map(([, one]) => one));
    expect(used('inputs')).toEqual(known('inputs'));
    expect(used('secrets')).toEqual(known('secrets'));
  });

  test('gives actions of ours inputs that they have', () => {
    const steps = ours({ on, permissions: {}, jobs });
    expect(steps.map(({ name }) => name)).toEqual(['plan-show', 'apply', 'apply']);
    for (const { name, given } of steps) {
      const { inputs } = parse(read(`actions/${name}/action.yml`)) as { readonly inputs: object };
      expect(Object.keys(inputs)).toEqual(expect.arrayContaining(Object.keys(given)));
    }
  });

  test('asks for no permission that the example does not give: GitHub would not start it', () => {
    const asked = Object.assign({}, ...Object.values(jobs).map(({ permissions }) => permissions));
    expect(asked).toEqual(calls[0]?.permissions);
  });
});

test('a workflow that says how to restore names an example, and inputs that it has', () => {
  const said = workflows.flatMap(([path]) =>
    path.startsWith('examples/')
      ? [...read(path).matchAll(/gh workflow run (\S+\.yml)([^"]*)"/g)].map(([, file = '', words = '']) => ({
          file,
          names: [...words.matchAll(/-f ([\w-]+)=/g)].map(([, name = '']) => name),
        }))
      : [],
  );
  expect(said.length).toBeGreaterThanOrEqual(3);
  for (const { file, names } of said) {
    const { on } = parse(read(`examples/${file}`)) as {
      on: { workflow_dispatch: { inputs: Record<string, unknown> } };
    };
    expect(Object.keys(on.workflow_dispatch.inputs)).toEqual(expect.arrayContaining(names));
    expect(names).toContain('manifest');
  }
});

/** https://docs.github.com/actions/reference/workflows-and-actions/metadata-syntax: what else stands there ends the job. */
test.each([...Object.keys(actions), COMPOSITE])('action.yml of %s has only what GitHub knows', (name) => {
  const { inputs, outputs } = parse(read(`actions/${name}/action.yml`)) as Record<
    'inputs' | 'outputs',
    Record<string, object>
  >;
  const known = (of: Record<string, object>) => new Set(Object.values(of).flatMap((one) => Object.keys(one)));
  // An output of a composite says which step has it.
  expect([...known(outputs)]).toEqual(name === COMPOSITE ? ['description', 'value'] : ['description']);
  expect([...known(inputs)].filter((key) => !['description', 'required', 'default'].includes(key))).toEqual(
    [],
  );
});

/** Those of one story, so that what `store init` prints fits each of them. */
test('a store has the same names in all examples', () => {
  const given = workflows.flatMap(([path, workflow]) =>
    path.startsWith('examples/') ? ours(workflow).map((one) => one.given) : [],
  );
  const valuesOf = (input: string) => [
    ...new Set(given.flatMap((one) => /^\$\{\{ (.*) \}\}$/.exec(one[input] ?? '')?.[1] ?? one[input] ?? [])),
  ];
  expect(valuesOf('clouds-yaml')).toEqual(['secrets.CLOUDS_YAML']);
  expect(valuesOf('store')).toEqual(['vars.BACKUP_STORE']);
  expect(valuesOf('store-role')).toEqual(['vars.BACKUP_ROLE']);
  expect(valuesOf('store-key')).toEqual(['secrets.BACKUP_STORE_KEY']);
  expect(valuesOf('identity')).toEqual(['secrets.BACKUP_IDENTITY']);
  expect(valuesOf('recipients')).toEqual(['vars.BACKUP_RECIPIENTS']);
});

test('what seals to a store sends only what changed: it has a store key', () => {
  const sealing = workflows.flatMap(([path, workflow]) =>
    ours(workflow).flatMap(({ saves, name, given }) =>
      saves && name !== 'export-secret' && given['store'] !== undefined && given['recipients'] !== undefined
        ? [[path, given['store-key'] !== undefined]]
        : [],
    ),
  );
  expect(sealing.length).toBeGreaterThan(1);
  expect(sealing.filter(([, hasKey]) => !hasKey)).toEqual([]);
});
