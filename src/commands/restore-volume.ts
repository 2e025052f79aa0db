import { duration } from '../clock.ts';
import { InputError } from '../errors.ts';
import { choosePoint } from '../manifest/choose.ts';
import type { VolumeBackupPoint, VolumePoint } from '../manifest/schema.ts';
import { watchVolumes } from '../openstack/blockstorage/v3/volumes.ts';
import { isUuid } from '../openstack/decode.ts';
import type { ServiceClient } from '../openstack/service.ts';
import { quotaSentence } from '../plan/quota.ts';
import { type RestoreTools, restoreOver, restoreToNew } from '../restore/volume/bring-back.ts';
import { setRight } from '../restore/volume/finish.ts';
import { planRestore, type RestorePlan } from '../restore/volume/preflight.ts';
import { fromBackup, fromManifest } from '../restore/volume/source.ts';
import { sweep } from '../temporaries/sweep.ts';
import { forMarkdown, quoted } from '../text/escape.ts';
import { type Context, cloudInputs, defineCommand, type Outcome } from './command.ts';
import { compareClouds, manifestInputs, trustedManifest } from './restoring.ts';
import type { Inputs, Outputs, Values } from './table.ts';

const inputs = {
  ...cloudInputs,
  ...manifestInputs,
  volume: {
    kind: 'text',
    placeholder: 'VOLUME',
    description: "Which of the manifest's volumes, by name or id; not needed where it has only one.",
  },
  backup: {
    kind: 'text',
    placeholder: 'ID',
    description: 'The id of a Cinder backup, where the manifest is lost; instead of `manifest`.',
  },
  to: {
    kind: 'text',
    placeholder: 'VOLUME',
    description: 'Write over this volume (id or name) instead of making a new one; needs `overwrite: true`.',
  },
  overwrite: { kind: 'boolean', default: 'false', description: 'Everything on the volume `to` may be lost.' },
  name: {
    kind: 'text',
    placeholder: 'NAME',
    description: 'The name of the restored volume, if not the recorded one.',
  },
  type: {
    kind: 'text',
    placeholder: 'TYPE',
    description:
      'The volume type (id or name), if not the recorded one. Encrypted backups go to the recorded type only.',
  },
  'availability-zone': {
    kind: 'text',
    placeholder: 'AZ',
    description: 'The availability zone, if not the recorded one.',
  },
} as const satisfies Inputs;

const outputs = {
  'volume-id': { description: 'The id of the restored volume.' },
  report: { description: 'JSON: {volume, name, backup, size, type, encrypted, overwritten, seconds}.' },
} as const satisfies Outputs;

export const restoreVolume = defineCommand({
  name: 'restore-volume',
  summary: 'Restore a volume from a manifest, or from a bare Cinder backup.',
  inputs,
  outputs,
  run,
});

async function run(context: Context, given: Values<typeof inputs>): Promise<Outcome<typeof outputs>> {
  const { host } = context;
  checkInputs(given);
  const manifest =
    given.manifest === undefined
      ? undefined
      : await trustedManifest(context, given.manifest, given, 'volume', given.volume);
  const point = manifest && backupPoint(choosePoint(manifest, 'volume', given.volume));

  const session = await context.connect(given);
  if (manifest !== undefined) compareClouds(context, manifest, session, given);
  const client = await session.service('block-storage');
  const source = point === undefined ? await fromBackup(client, given.backup ?? '') : fromManifest(point);
  const plan = await planRestore(client, source, {
    to: given.to,
    overwrite: given.overwrite,
    name: given.name,
    type: given.type,
    availabilityZone: given['availability-zone'],
  });
  tellPlan(context, plan);
  await sweep(session, host, context.dryRun);
  if (context.dryRun) return { outputs: {}, failed: false };

  const started = host.clock.now();
  const tools = toolsOf(context, client);
  const bar = host.progress.start('restoring', { items: 1, gigabytes: source.size });
  try {
    const restored = plan.kind === 'new' ? await restoreToNew(plan, tools) : await restoreOver(plan, tools);
    const volume = await setRight(
      client,
      restored,
      source,
      given.name ?? (plan.kind === 'new' ? plan.name : plan.target.name),
    );
    bar.advance(1, source.size);
    const seconds = (host.clock.now() - started) / 1000;
    host.log.info(`volume ${quoted(volume.name)} (${volume.id}) is restored after ${seconds.toFixed(1)} s`);
    const report = {
      volume: volume.id,
      name: volume.name,
      backup: source.backupId,
      size: volume.size,
      type: volume.volumeType ?? null,
      encrypted: volume.encrypted,
      overwritten: plan.kind === 'overwrite',
      seconds,
    };
    return {
      outputs: { 'volume-id': volume.id, report: JSON.stringify(report) },
      failed: false,
      summary: summaryOf(report),
    };
  } finally {
    bar.finish();
  }
}

function checkInputs(given: Values<typeof inputs>): void {
  if ((given.manifest === undefined) === (given.backup === undefined))
    throw new InputError(
      'give either `manifest` or `backup`',
      'The manifest knows more: type, metadata, which cloud. A bare backup id is for when it is lost.',
    );
  if (given.backup !== undefined && !isUuid(given.backup))
    throw new InputError(
      '`backup` is not the id of a Cinder backup',
      'List them with: openstack volume backup list',
    );
  if (given.backup !== undefined && given.volume !== undefined)
    throw new InputError(
      '`volume` chooses from a manifest, and `backup` has none',
      'Leave one of the two out.',
    );
}

function backupPoint(point: VolumePoint): VolumeBackupPoint {
  if (point.method === 'cinder-backup') return point;
  throw new InputError('a restore from an image is not built yet');
}

function tellPlan({ host }: Context, plan: RestorePlan): void {
  const { source } = plan;
  if (plan.kind === 'overwrite') {
    host.log.warn(
      `everything on volume ${quoted(plan.target.name)} (${plan.target.id}, ${plan.target.size} GiB) will be overwritten with backup ${source.backupId}`,
    );
    return;
  }
  host.log.info(
    `a new volume ${quoted(plan.name)} of ${source.size} GiB${plan.type === undefined ? '' : `, type ${plan.type.name}`}${source.encrypted ? ', encrypted' : ''}, from backup ${source.backupId}; ${quotaSentence(plan.quota)}`,
  );
}

function toolsOf({ host }: Context, client: ServiceClient): RestoreTools {
  return {
    client,
    volumes: watchVolumes(client),
    run: host.run,
    clock: host.clock,
    log: host.log,
    signal: host.signal,
  };
}

function summaryOf(report: {
  volume: string;
  name: string;
  backup: string;
  size: number;
  type: string | null;
  seconds: number;
}): string {
  return [
    `### Volume ${forMarkdown(report.name)} restored`,
    '',
    '| volume | size | type | from backup | took |',
    '|---|---|---|---|---|',
    `| ${report.volume} | ${report.size} GiB | ${forMarkdown(report.type ?? '')} | ${report.backup} | ${duration(report.seconds * 1000)} |`,
  ].join('\n');
}
