import { choosePoint } from '../catalog/choose.ts';
import { duration } from '../clock.ts';
import { isUuid } from '../decode.ts';
import { InputError } from '../errors.ts';
import { cloudInputs } from '../inputs/cloud.ts';
import { keptOutput, manifestInputs } from '../inputs/manifest.ts';
import { storeInputs } from '../inputs/store.ts';
import type { Inputs, Outputs, Values } from '../inputs/table.ts';
import type { Manifest, VolumeImagePoint, VolumePoint } from '../manifest/schema.ts';
import { watchVolumes } from '../openstack/blockstorage/v3/volumes.ts';
import type { ServiceClient, Session } from '../openstack/connection.ts';
import { quotaSentence } from '../plan/quota.ts';
import type { RestoreTools } from '../restore/volume/environment.ts';
import { planRestore } from '../restore/volume/plan.ts';
import { type FromImagePlan, planFromImage } from '../restore/volume/plan-from-image.ts';
import {
  bringBackVolume,
  gigabytesOf,
  missingOf,
  originOf,
  type VolumePlan,
  wantedOf,
} from '../restore/volume/restore.ts';
import { fromBackup, fromManifest } from '../restore/volume/source.ts';
import type { Context, Outcome } from '../run/context.ts';
import { makingRoom } from '../run/room.ts';
import { namedStore } from '../run/storing.ts';
import { sweep } from '../temporaries/sweep.ts';
import { GIB } from '../text/bytes.ts';
import { forMarkdown, quoted } from '../text/escape.ts';
import { defineCommand } from './command.ts';
import {
  called,
  compareClouds,
  KEPT_FAILURE,
  missingList,
  tellUndone,
  trustedManifest,
  undoneList,
} from './restoring.ts';

const inputs = {
  ...cloudInputs,
  ...manifestInputs,
  ...storeInputs,
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
  missing: { description: 'JSON: what is otherwise than it was, a list in words.' },
  ...keptOutput,
  report: {
    description:
      'JSON: {volume, name, from, size, type, encrypted, overwritten, seconds}, and {backup} of a Cinder backup.',
  },
} as const satisfies Outputs;

export const restoreVolume = defineCommand({
  name: 'restore-volume',
  summary: 'Restore a volume from a manifest, whichever way it was saved, or from a bare Cinder backup.',
  inputs,
  outputs,
  run,
});

async function run(context: Context, given: Values<typeof inputs>): Promise<Outcome<typeof outputs>> {
  const { host } = context;
  checkInputs(given);
  const chosen = await choose(context, given);

  const session = await context.connect(given);
  if (chosen !== undefined) compareClouds(context, chosen.manifest, session, given);
  const client = await session.service('block-storage');
  const { plan } = await makingRoom(session, host, context.dryRun, () =>
    planOf(context, session, chosen, given),
  );
  tellPlan(context, plan);
  await sweep(session, host, context.dryRun);
  if (context.dryRun) return { outputs: {}, failed: false };

  const started = host.clock.now();
  const tools = toolsOf(context, client);
  const gigabytes = gigabytesOf(plan);
  const bar = host.progress.start('restoring', { items: 1, gigabytes });
  let flowed = 0;
  const onBytes = (count: number) => {
    const more = Math.min(count / GIB, gigabytes - flowed);
    flowed += more;
    bar.advance(0, more);
  };
  try {
    const { volume, undone, unseen } = await bringBackVolume(plan, { ...tools, onBytes });
    bar.advance(1, gigabytes - flowed);
    const seconds = (host.clock.now() - started) / 1000;
    const kept = { kind: 'volume', id: volume.id, name: volume.name } as const;
    const failures = [...unseen, ...undone];
    if (unseen.length > 0) tellUndone(context, kept, failures, UNSEEN);
    else if (failures.length > 0) tellUndone(context, kept, failures, byHand(volume.id));
    else host.log.info(`${called(kept)} is restored after ${seconds.toFixed(1)} s`);
    const report = {
      volume: volume.id,
      name: volume.name,
      from: originOf(plan),
      ...(plan.kind === 'image' ? {} : { backup: plan.source.backupId }),
      size: volume.size,
      type: volume.volumeType ?? null,
      encrypted: volume.encrypted,
      overwritten: plan.kind === 'overwrite',
      seconds,
    };
    return {
      outputs: {
        'volume-id': volume.id,
        missing: JSON.stringify(missingOf(plan)),
        ...(failures.length > 0 ? { kept: JSON.stringify([kept]) } : {}),
        report: JSON.stringify(report),
      },
      failed: failures.length > 0,
      failure: KEPT_FAILURE,
      summary: summaryOf(report, missingOf(plan), failures),
    };
  } finally {
    bar.finish();
  }
}

const UNSEEN =
  'Attach it to no server: Nova may format a disk that is not encrypted as its volume says. Restore it once more when the cloud answers again, and delete this one.';

function byHand(id: string): string {
  return `Set it with openstack volume set … ${id}, as RESTORE.md beside the manifest shows; a new restore makes a second volume.`;
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

interface Chosen {
  readonly manifest: Manifest;
  readonly point: VolumePoint;
}

/** Undefined where a bare backup is named instead. */
async function choose(context: Context, given: Values<typeof inputs>): Promise<Chosen | undefined> {
  if (given.manifest === undefined) return undefined;
  const manifest = await trustedManifest(context, given.manifest, given, 'volume', given.volume);
  return { manifest, point: choosePoint(manifest, 'volume', given.volume) };
}

async function planOf(
  context: Context,
  session: Session,
  chosen: Chosen | undefined,
  given: Values<typeof inputs>,
): Promise<VolumePlan> {
  const client = await session.service('block-storage');
  const wishes = { ...given, availabilityZone: given['availability-zone'] };
  if (chosen === undefined) return planRestore(client, await fromBackup(client, given.backup ?? ''), wishes);
  const { manifest, point } = chosen;
  return point.method === 'image'
    ? planImage(context, session, manifest, point, given)
    : planRestore(client, fromManifest(point), wishes);
}

function planImage(
  context: Context,
  session: Session,
  manifest: Manifest,
  point: VolumeImagePoint,
  given: Values<typeof inputs>,
): Promise<FromImagePlan> {
  if (given.to !== undefined || given.overwrite)
    throw new InputError(
      'the restore point is an image, and Cinder makes only new volumes of images',
      'Leave `to` and `overwrite` out, and attach the new volume in place of the old one.',
    );
  const wishes = { name: given.name, type: given.type, availabilityZone: given['availability-zone'] };
  return planFromImage(session, manifest, point, namedStore(context, given), wishes);
}

function tellPlan({ host }: Context, plan: VolumePlan): void {
  if (plan.kind === 'overwrite') {
    host.log.warn(
      `everything on volume ${quoted(plan.target.name)} (${plan.target.id}, ${plan.target.size} GiB) will be overwritten with ${originOf(plan)}`,
    );
    return;
  }
  host.log.info(
    `a new volume ${quoted(plan.name)} of ${gigabytesOf(plan)} GiB${plan.type === undefined ? '' : `, type ${plan.type.name}`}${wantedOf(plan).encrypted ? ', encrypted' : ''}, from ${originOf(plan)}; ${quotaSentence(plan.quota)}`,
  );
  for (const words of missingOf(plan)) host.log.warn(`not as it was: ${words}`);
}

function toolsOf({ host, ledger }: Context, client: ServiceClient): RestoreTools {
  return {
    client,
    volumes: watchVolumes(client),
    run: ledger(client.session),
    clock: client.session.clock,
    log: host.log,
    signal: host.signal,
  };
}

function summaryOf(
  report: {
    volume: string;
    name: string;
    from: string;
    size: number;
    type: string | null;
    seconds: number;
  },
  missing: readonly string[],
  failures: readonly string[],
): string {
  return [
    `### Volume ${forMarkdown(report.name)} restored${failures.length > 0 ? ', and not all that belongs to it' : ''}`,
    '',
    '| volume | size | type | from | took |',
    '|---|---|---|---|---|',
    `| ${report.volume} | ${report.size} GiB | ${forMarkdown(report.type ?? '')} | ${forMarkdown(report.from)} | ${duration(report.seconds * 1000)} |`,
    ...missingList(missing),
    ...undoneList(failures),
  ].join('\n');
}
