import type { Payloads } from '../backup/payloads.ts';
import { adopt } from '../backup/volume/adopt.ts';
import { saveEitherWay } from '../backup/volume/either-way.ts';
import { type Preflight, preflight } from '../backup/volume/preflight.ts';
import { listVolumeTypes } from '../openstack/blockstorage/v3/types.ts';
import type { Volume } from '../openstack/blockstorage/v3/volumes.ts';
import { quotaSentence } from '../plan/quota.ts';
import { parseSelectors, select } from '../plan/select.ts';
import { holdingsOf } from '../temporaries/holdings.ts';
import { makingRoom } from '../temporaries/room.ts';
import { sweep } from '../temporaries/sweep.ts';
import { readTemporary } from '../temporaries/tags.ts';
import { quoted } from '../text/escape.ts';
import { type Context, cloudInputs, defineCommand, type Outcome } from './command.ts';
import { openPlaces } from './publishing.ts';
import {
  failed,
  finishSaving,
  type Subject,
  saveEach,
  savingInputs,
  savingOutputs,
  startSaving,
} from './saving.ts';
import {
  keepAdopted,
  keepEitherWay,
  payloadsOf,
  refuseOverQuota,
  saveToolsOf,
  tellVolumes,
  volumeInputs,
} from './saving-volumes.ts';
import type { Inputs, Values } from './table.ts';

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
  const started = new Date(host.clock.now()).toISOString();
  const places = await openPlaces(context, given, started);
  const payloads = await payloadsOf(context, given);

  const session = await context.connect(given);
  const client = await session.service('block-storage');
  const types = await listVolumeTypes(client);
  const { holdings, plan } = await makingRoom(session, host, context.dryRun, async () => {
    const holdings = await holdingsOf(session, ['volumes', 'backups']);
    const volumes = select('volume', selectors, holdings.volumes.filter(isNoTemporary));
    const plan = await preflight(client, volumes, types, holdings.backups, {
      mode: given.mode,
      maxChain: given['max-chain'],
      method: given.method,
      payloads,
      concurrency: given.concurrency,
    });
    tellPlan(context, plan, payloads);
    refuseOverQuota(plan.quota, 'volumes');
    return { holdings, plan };
  });
  if (context.dryRun) {
    await sweep(session, host, true, holdings);
    return { outputs: {}, failed: plan.refused.length > 0 };
  }

  for (const place of places) await place.prepare();
  await payloads?.sink.prepare();
  const leftovers = await sweep(session, host, false, holdings);
  const saving = startSaving(context, session, places, payloads?.sink, started, given.deadline);
  const tools = saveToolsOf(saving, client, payloads, given.method);
  await keepAdopted(saving, await adopt(client, leftovers, holdings, types, host.log), client);
  for (const { volume, error } of plan.refused) failed(saving, subjectOf(volume), error);
  const jobs = plan.plans.map((volumePlan) => ({
    subject: subjectOf(volumePlan.volume),
    gigabytes: volumePlan.volume.size,
    save: async (advance: (gigabytes: number) => void) => {
      const onBytes = (count: number) => advance(count / GIB);
      await keepEitherWay(saving, await saveEitherWay(volumePlan, { ...tools, onBytes }), client);
    },
  }));
  await saveEach(saving, 'backing up', jobs, given.concurrency);
  return finishSaving(saving, plan.quota);
}

const GIB = 2 ** 30;

function subjectOf({ id, name }: Volume): Subject {
  return { kind: 'volume', id, name };
}

/** A volume that a restore is filling is nobody's data yet, and one that Cinder made for itself never is. */
function isNoTemporary(volume: Volume): boolean {
  return volume.consumesQuota && readTemporary(volume) === undefined;
}

function tellPlan(
  context: Context,
  { plans, refused, quota }: Preflight,
  payloads: Payloads | undefined,
): void {
  const { log } = context.host;
  tellVolumes(context, plans, payloads);
  for (const { volume, error } of refused)
    log.warn(`${quoted(volume.name)} (${volume.id}) cannot be backed up: ${error.message}`);
  log.info(quotaSentence(quota));
}
