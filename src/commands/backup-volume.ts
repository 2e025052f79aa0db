import { adopt } from '../backup/volume/adopt.ts';
import { preflight, type Refused } from '../backup/volume/plan.ts';
import { wantedVolumes } from '../backup/volume/quota.ts';
import { saveEitherWay } from '../backup/volume/save.ts';
import type { VolumePlan } from '../backup/volume/volume-plan.ts';
import { cloudInputs } from '../inputs/cloud.ts';
import { savingInputs, savingOutputs } from '../inputs/saving.ts';
import type { Inputs, Values } from '../inputs/table.ts';
import { volumeInputs } from '../inputs/volumes.ts';
import { listVolumeTypes } from '../openstack/blockstorage/v3/types.ts';
import type { Volume } from '../openstack/blockstorage/v3/volumes.ts';
import type { PayloadStore } from '../payload/store.ts';
import { parseSelectors, select } from '../plan/select.ts';
import type { Context, Outcome } from '../run/context.ts';
import { type Fitting, fitting } from '../run/fitting.ts';
import { makingRoom } from '../run/room.ts';
import { holdingsOf } from '../temporaries/holdings.ts';
import { sweep } from '../temporaries/sweep.ts';
import { readTemporary } from '../temporaries/tags.ts';
import { quoted } from '../text/escape.ts';
import { defineCommand } from './command.ts';
import { openPlaces } from './publishing.ts';
import { failed, finishSaving, type Subject, saveEach, startSaving } from './saving.ts';
import {
  keepAdopted,
  keepEitherWay,
  payloadsOf,
  saveToolsOf,
  tellQuota,
  tellRefusal,
  tellVolumes,
} from './saving-volumes.ts';

const inputs = {
  ...cloudInputs,
  volumes: {
    kind: 'list',
    required: true,
    placeholder: 'VOLUME',
    description:
      'What to back up, one a line or separated by commas: ids, names, `metadata:KEY=VALUE`, `name:PATTERN` with `*`, or `all`.',
  },
  ...volumeInputs,
  concurrency: {
    kind: 'integer',
    default: '4',
    min: 1,
    max: 100,
    description: 'Volumes that are backed up at the same time.',
  },
  ...savingInputs,
} as const satisfies Inputs;

export const backupVolume = defineCommand({
  name: 'backup-volume',
  summary: 'Back up volumes, attached or not, encrypted or not.',
  inputs,
  outputs: savingOutputs,
  run,
});

async function run(context: Context, given: Values<typeof inputs>): Promise<Outcome<typeof savingOutputs>> {
  const { host } = context;
  const selectors = parseSelectors('volume', given.volumes);
  const places = await openPlaces(context, given);
  const payloads = await payloadsOf(context, given);

  const session = await context.connect(given);
  const started = new Date(session.clock.now()).toISOString();
  const client = await session.service('block-storage');
  const types = await listVolumeTypes(client);
  const planned = async () => {
    const holdings = await holdingsOf(session, ['volumes', 'backups']);
    const volumes = select('volume', selectors, holdings.volumes.filter(isNoTemporary));
    const wishes = { mode: given.mode, maxChain: given['max-chain'], method: given.method, payloads };
    const looked = await preflight(client, volumes, types, holdings.backups, wishes, holdings.secrets);
    const wanted = wantedVolumes(looked.plans, holdings.backups, payloads);
    const fit = await fitting(session, wanted, given.concurrency, holdings.backups, nameOf);
    const over = fit.refused.map(({ what, error }) => ({ volume: what.volume, error }));
    return { holdings, fit, refused: [...looked.refused, ...over] };
  };
  const { plan, swept } = await makingRoom(session, host, context.dryRun, planned, isShort);
  const { holdings, fit, refused } = plan;
  tellPlan(context, fit, payloads);
  if (context.dryRun) {
    tellRefused(context, refused);
    if (!swept) await sweep(session, host, true, holdings);
    return { outputs: {}, failed: refused.length > 0 };
  }

  for (const place of places) await place.prepare(started);
  await payloads?.prepare();
  const leftovers = await sweep(session, host, false, holdings);
  const saving = startSaving(context, session, places, payloads, started, given.deadline);
  const tools = saveToolsOf(saving, client, payloads, given.method);
  await keepAdopted(saving, await adopt(client, leftovers, holdings, types, host.log), client);
  for (const { volume, error } of refused) failed(saving, subjectOf(volume), error);
  const jobs = fit.fits.map((volumePlan) => ({
    subject: subjectOf(volumePlan.volume),
    gigabytes: volumePlan.volume.size,
    save: async (advance: (gigabytes: number) => void) => {
      const onBytes = (count: number) => advance(count / GIB);
      await keepEitherWay(saving, await saveEitherWay(volumePlan, { ...tools, onBytes }), client);
    },
  }));
  await saveEach(saving, 'backing up', jobs, fit.atOnce, fit.advise);
  return finishSaving(saving, fit.quota);
}

const GIB = 2 ** 30;

function subjectOf({ id, name }: Volume): Subject {
  return { kind: 'volume', id, name };
}

/** A volume that a restore is filling is nobody's data yet, and one that Cinder made for itself never is. */
function isNoTemporary(volume: Volume): boolean {
  return volume.consumesQuota && readTemporary(volume) === undefined;
}

/** Whether there may be more room where what dead runs left is gone. */
function isShort({ fit }: { readonly fit: Fitting<unknown> }): boolean {
  return fit.refused.length > 0;
}

function nameOf({ volume: { id, name } }: VolumePlan): string {
  return `volume ${quoted(name)} (${id})`;
}

function tellPlan(
  context: Context,
  { fits, quota, warning }: Fitting<VolumePlan>,
  payloads: PayloadStore | undefined,
): void {
  tellVolumes(context, fits, payloads);
  tellQuota(context, quota, warning);
}

function tellRefused({ host }: Context, refused: readonly Refused[]): void {
  for (const { volume, error } of refused)
    tellRefusal(host.log, `${quoted(volume.name)} (${volume.id}) cannot be backed up`, error);
}
