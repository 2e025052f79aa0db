import { adopt } from '../backup/volume/adopt.ts';
import { type Preflight, preflight, type VolumePlan } from '../backup/volume/preflight.ts';
import { quotaSentence } from '../backup/volume/quota.ts';
import { markRecorded, type SaveTools, saveVolume } from '../backup/volume/save.ts';
import { parseSelectors, selectVolumes } from '../backup/volume/select.ts';
import { InputError, messageOf, OperationError, PlainError } from '../errors.ts';
import { ManifestRecord } from '../manifest/record.ts';
import type { Manifest, RestorePoint } from '../manifest/schema.ts';
import { getBackup, listBackups } from '../openstack/blockstorage/v3/backups.ts';
import { listVolumeTypes } from '../openstack/blockstorage/v3/types.ts';
import { listVolumes, type Volume } from '../openstack/blockstorage/v3/volumes.ts';
import type { ServiceClient } from '../openstack/service.ts';
import { Watcher } from '../openstack/watcher.ts';
import { collect, pool } from '../pool.ts';
import { cleanUp } from '../temporaries/clean.ts';
import { findLeftovers } from '../temporaries/leftovers.ts';
import { readTemporary } from '../temporaries/tags.ts';
import { quoted } from '../text/escape.ts';
import { TOOL } from '../version.ts';
import { backupSummary } from './backup-summary.ts';
import { type Context, cloudInputs, defineCommand, type Outcome } from './command.ts';
import { openPlaces, publishedOutputs, publishInputs, publishOutputs } from './publishing.ts';
import type { Inputs, Outputs, Values } from './table.ts';

const inputs = {
  ...cloudInputs,
  volumes: {
    kind: 'list',
    required: true,
    placeholder: 'VOLUME',
    description:
      'What to back up, one a line or separated by commas: ids, names, `metadata:KEY=VALUE`, `name:PATTERN` with `*`, or `all`.',
  },
  method: {
    kind: 'choice',
    choices: ['auto', 'cinder-backup', 'image'],
    default: 'auto',
    description:
      'How: `cinder-backup` keeps the data in the backup service of the cloud. `auto` picks what fits.',
  },
  mode: {
    kind: 'choice',
    choices: ['auto', 'full', 'incremental'],
    default: 'auto',
    description:
      '`auto` makes an increment where a chain of ours is whole and shorter than `max-chain`, else a full backup.',
  },
  'max-chain': {
    kind: 'integer',
    default: '7',
    min: 1,
    max: 1000,
    description: 'Backups in a chain at most, the full one counted: a restore needs them all.',
  },
  concurrency: {
    kind: 'integer',
    default: '4',
    min: 1,
    max: 100,
    description: 'Volumes that are backed up at the same time.',
  },
  deadline: {
    kind: 'integer',
    default: '0',
    min: 0,
    max: 100_000,
    description:
      'Minutes after which the run ends and publishes what it has; 0 for never. Below the time limit of the job.',
  },
  ...publishInputs,
} as const satisfies Inputs;

const outputs = {
  ...publishOutputs,
  'restore-points': {
    description: 'JSON: what was saved, a list of {id, volume, name, backup, mode, size}.',
  },
  failed: { description: 'JSON: what was not, a list of {id, name, error}.' },
} as const satisfies Outputs;

export const backupVolume = defineCommand({
  name: 'backup-volume',
  summary: 'Back up volumes, attached or not, encrypted or not.',
  inputs,
  outputs,
  run,
});

async function run(context: Context, given: Values<typeof inputs>): Promise<Outcome<typeof outputs>> {
  const { host } = context;
  refuseWhatIsNotBuilt(given);
  const selectors = parseSelectors(given.volumes);
  const started = new Date(host.clock.now()).toISOString();
  const places = await openPlaces(context, given, started);

  const session = await context.connect(given);
  const client = await session.service('block-storage');
  const [allVolumes, types, backups] = [
    await collect(listVolumes(client)),
    await listVolumeTypes(client),
    await collect(listBackups(client)),
  ];
  const volumes = selectVolumes(selectors, allVolumes.filter(isNoTemporary));
  const plan = await preflight(client, volumes, types, backups, {
    mode: given.mode,
    maxChain: given['max-chain'],
  });
  tellPlan(context, plan);
  refuseOverQuota(plan);
  const leftovers = await findLeftovers(
    backups,
    allVolumes,
    (owner) => host.liveness(owner),
    host.clock.now(),
  );
  if (context.dryRun) {
    await cleanUp(client, leftovers, host.log, true);
    return { outputs: {}, failed: plan.refused.length > 0 };
  }

  for (const place of places) await place.prepare();
  await cleanUp(client, leftovers, host.log, false);
  const record = new ManifestRecord(places, session, {
    id: host.run.id,
    tool: TOOL,
    started,
    finished: null,
  });
  const tools = toolsOf(context, client, given.deadline);
  for (const point of await adopt(client, leftovers, allVolumes, types, host.log))
    await keep(context, record, point, tools);
  for (const { volume, error } of plan.refused) fail(context, record, volume, error);
  await saveAll(context, plan.plans, given.concurrency, tools, record);
  if (host.signal.aborted)
    host.log.error(
      `${messageOf(host.signal.reason)}: what was done before stands in the manifest, and the next run takes up what was under way`,
    );
  const finished = await record.finish(host.signal.aborted ? null : new Date(host.clock.now()).toISOString());
  return {
    outputs: {
      ...publishedOutputs(context, finished),
      'restore-points': restorePointsOutput(context, record.manifest.restorePoints),
      failed: JSON.stringify(record.manifest.failed.map(({ id, name, error }) => ({ id, name, error }))),
    },
    failed: record.manifest.failed.length > 0 || finished.failures.length > 0 || host.signal.aborted,
    summary: backupSummary(record.manifest, plan.quota, finished.published),
  };
}

/** A volume that a restore is filling is nobody's data yet, and one that Cinder made for itself never is. */
function isNoTemporary(volume: Volume): boolean {
  return volume.consumesQuota && readTemporary(volume) === undefined;
}

function toolsOf({ host }: Context, client: ServiceClient, deadline: number): SaveTools {
  const source = {
    list: () => listBackups(client, { newestFirst: true }),
    get: (id: string) => getBackup(client, id),
  };
  return {
    client,
    backups: new Watcher(source, host.clock, host.log),
    run: host.run,
    clock: host.clock,
    log: host.log,
    signal: host.signal,
    until: deadline === 0 ? Number.POSITIVE_INFINITY : host.clock.now() + deadline * 60_000,
  };
}

/** A promise that is not kept yet must not look kept. */
function refuseWhatIsNotBuilt(given: Values<typeof inputs>): void {
  if (given.method === 'image')
    throw new InputError('method: image is not built yet', 'Use method: cinder-backup.');
}

function tellPlan({ host }: Context, { plans, refused, quota }: Preflight): void {
  for (const { volume, decision, encryption } of plans)
    host.log.info(
      `${quoted(volume.name)} (${volume.id}), ${volume.size} GiB, ${volume.status}${encryption === null ? '' : `, encrypted (${encryption.provider ?? 'unknown provider'})`}: ${decision.mode}, because ${decision.reason}`,
    );
  for (const { volume, error } of refused)
    host.log.warn(`${quoted(volume.name)} (${volume.id}) cannot be backed up: ${error.message}`);
  host.log.info(quotaSentence(quota));
  const encrypted = plans.filter(({ encryption }) => encryption !== null).length;
  if (encrypted > 0)
    host.log.warn(
      `${encrypted === 1 ? 'one volume is' : `${encrypted} volumes are`} encrypted, and the keys stay in the cloud only: if the cloud loses a key, its backup cannot be opened any more`,
    );
}

function refuseOverQuota({ quota }: Preflight): void {
  const over = quota.filter(({ fits }) => !fits);
  if (over.length === 0) return;
  throw new OperationError(
    `the quota is too small for this run: ${quotaSentence(over)}`,
    'Delete backups that are not needed any more, choose fewer volumes, or ask the operator for more. Nothing was touched.',
  );
}

async function saveAll(
  context: Context,
  plans: readonly VolumePlan[],
  concurrency: number,
  tools: SaveTools,
  record: ManifestRecord,
): Promise<void> {
  const { host } = context;
  const gigabytes = plans.reduce((sum, { volume }) => sum + volume.size, 0);
  const bar = host.progress.start('backing up', { items: plans.length, gigabytes });
  try {
    await pool(plans, concurrency, async (plan) => {
      try {
        host.signal.throwIfAborted();
        if (host.clock.now() >= tools.until) throw notStarted(plan.volume);
        const point = await saveVolume(plan, tools);
        await keep(context, record, point, tools);
      } catch (error) {
        if (!(error instanceof PlainError) && !host.signal.aborted) throw error;
        fail(context, record, plan.volume, error);
      } finally {
        bar.advance(1, plan.volume.size);
      }
    });
  } finally {
    bar.finish();
  }
}

function notStarted({ name, id }: Volume): OperationError {
  return new OperationError(
    `volume ${quoted(name)} (${id}) was not started: the run had to end`,
    'Give it more time with `deadline`, or choose fewer volumes.',
  );
}

/** Records a restore point, and marks its backup as recorded; a mark that cannot be set costs the next run a look. */
async function keep(
  { host }: Context,
  record: ManifestRecord,
  point: RestorePoint,
  { client }: SaveTools,
): Promise<void> {
  const { backup, resource, seconds } = point;
  await record.add(point);
  host.log.info(
    `backup ${backup.id} of volume ${quoted(resource.name)} is available${seconds > 0 ? ` after ${seconds.toFixed(1)} s` : ', taken up from a run that is dead'}`,
  );
  try {
    await markRecorded(client, await getBackup(client, backup.id));
  } catch (error) {
    host.log.warn(`backup ${backup.id} is whole, but could not be marked as recorded: ${messageOf(error)}`);
  }
}

function fail(
  { host }: Context,
  record: ManifestRecord,
  volume: { id: string; name: string },
  error: unknown,
): void {
  const hint = error instanceof PlainError && error.hint !== undefined ? ` ${error.hint}` : '';
  const text = host.secrets.redact(`${messageOf(error)}.${hint}`);
  host.log.error(text);
  record.fail({ kind: 'volume', id: volume.id, name: volume.name, error: text.slice(0, 4096) });
}

/** A job's outputs have 1 MiB together, as UTF-16: https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idoutputs */
const LONGEST_OUTPUT = 128 * 1024;

function restorePointsOutput({ host }: Context, points: Manifest['restorePoints']): string {
  const short = points.map(({ id, resource, backup }) => ({
    id,
    volume: resource.id,
    name: resource.name,
    backup: backup.id,
    mode: backup.incremental ? 'incremental' : 'full',
    size: resource.size,
  }));
  let shown = short.length;
  while (shown > 0 && JSON.stringify(short.slice(0, shown)).length > LONGEST_OUTPUT)
    shown = Math.floor(shown * 0.9);
  if (shown < short.length)
    host.log.warn(
      `the output restore-points holds the first ${shown} of ${short.length}; the manifest has them all`,
    );
  return JSON.stringify(short.slice(0, shown));
}
