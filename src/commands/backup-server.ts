import { shared } from '../backup/server/once.ts';
import { lookAtServers, planServers, type RefusedServer } from '../backup/server/plan.ts';
import { wantedServers } from '../backup/server/quota.ts';
import { keepRoot, storeRoot } from '../backup/server/root.ts';
import { type DiskSaver, type ServerPlan, saveServer } from '../backup/server/save.ts';
import { adopt } from '../backup/volume/adopt.ts';
import { planSnapshot, preflight } from '../backup/volume/plan.ts';
import { saveEitherWay } from '../backup/volume/save.ts';
import type { SavingWishes } from '../backup/volume/volume-plan.ts';
import { cloudInputs } from '../inputs/cloud.ts';
import { savingInputs, savingOutputs } from '../inputs/saving.ts';
import type { Inputs, Values } from '../inputs/table.ts';
import { volumeInputs } from '../inputs/volumes.ts';
import type { ServerPoint, VolumePoint } from '../manifest/schema.ts';
import { listVolumeTypes } from '../openstack/blockstorage/v3/types.ts';
import { listServers, type Server } from '../openstack/compute/v2/servers.ts';
import type { Session } from '../openstack/connection.ts';
import { watchImages } from '../openstack/image/v2/images.ts';
import type { PayloadStore } from '../payload/store.ts';
import { parseSelectors, type Selector, select } from '../plan/select.ts';
import { collect } from '../pool.ts';
import type { Context, Outcome } from '../run/context.ts';
import { type Fitting, fitting } from '../run/fitting.ts';
import { makingRoom } from '../run/room.ts';
import { type Holdings, holdingsOf } from '../temporaries/holdings.ts';
import { sweep } from '../temporaries/sweep.ts';
import { readTemporary } from '../temporaries/tags.ts';
import { quoted } from '../text/escape.ts';
import { defineCommand } from './command.ts';
import { openPlaces } from './publishing.ts';
import { failed, finishSaving, type Saving, saveEach, startSaving } from './saving.ts';
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
  servers: {
    kind: 'list',
    required: true,
    placeholder: 'SERVER',
    description:
      'What to save, one a line or separated by commas: ids, names, `metadata:KEY=VALUE`, `name:PATTERN` with `*`, or `all`.',
  },
  ...volumeInputs,
  concurrency: {
    kind: 'integer',
    default: '2',
    min: 1,
    max: 100,
    description: 'Servers that are saved at the same time.',
  },
  ...savingInputs,
} as const satisfies Inputs;

type Given = Values<typeof inputs>;

export const backupServer = defineCommand({
  name: 'backup-server',
  summary: 'Save servers: all their disks, and what they were made of.',
  inputs,
  outputs: savingOutputs,
  run,
});

async function run(context: Context, given: Given): Promise<Outcome<typeof savingOutputs>> {
  const { host } = context;
  const selectors = parseSelectors('server', given.servers);
  const places = await openPlaces(context, given);
  const payloads = await payloadsOf(context, given);

  const session = await context.connect(given);
  const started = new Date(session.clock.now()).toISOString();
  const planned = () => planAll(session, selectors, payloads, given);
  const { plan, swept } = await makingRoom(session, host, context.dryRun, planned, isShort);
  const { holdings, fit, refused } = plan;
  tellPlan(context, plan, payloads);
  if (context.dryRun) {
    for (const { server, error } of refused)
      tellRefusal(host.log, `${quoted(server.name)} (${server.id}) cannot be saved`, error);
    if (!swept) await sweep(session, host, true, holdings);
    return { outputs: {}, failed: refused.length > 0 };
  }

  for (const place of places) await place.prepare(started);
  await payloads?.prepare();
  const leftovers = await sweep(session, host, false, holdings);
  const saving = startSaving(context, session, places, payloads, started, given.deadline);
  const client = await session.service('block-storage');
  await keepAdopted(saving, await adopt(client, leftovers, holdings, plan.types, host.log), client);
  for (const { server, error } of refused) failed(saving, subjectOf(server), error);
  const saver = await saverOf(saving, session, payloads, given);
  const { log, signal } = host;
  const { clock } = session;
  const run = context.ledger(session);
  const images = watchImages(await session.service('image'));
  const tools = { session, images, run, clock, log, signal, until: saving.until };
  const jobs = fit.fits.map((serverPlan) => ({
    subject: subjectOf(serverPlan.looked.facts.server),
    gigabytes: serverPlan.gigabytes,
    save: async (advance: (gigabytes: number) => void) => {
      const point = await saveServer(serverPlan, saver(advance), tools);
      await saving.record.add(point);
      tellSaved(context, point);
    },
  }));
  await saveEach(saving, 'saving', jobs, fit.atOnce, fit.advise);
  return finishSaving(saving, fit.quota);
}

interface Plan {
  readonly holdings: Holdings;
  readonly fit: Fitting<ServerPlan>;
  readonly refused: readonly RefusedServer[];
  readonly types: Awaited<ReturnType<typeof listVolumeTypes>>;
}

async function planAll(
  session: Session,
  selectors: readonly Selector[],
  payloads: PayloadStore | undefined,
  given: Given,
): Promise<Plan> {
  const cinder = await session.service('block-storage');
  const holdings = await holdingsOf(session, ['volumes', 'backups']);
  const { volumes, backups } = holdings;
  const servers = await collect(listServers(await session.service('compute')));
  const chosen = select('server', selectors, servers.filter(isNoTemporary));
  const { looked, refused } = await lookAtServers(session, chosen, volumes);
  const attached = new Set(looked.flatMap(({ attachments }) => attachments.map(({ volumeId }) => volumeId)));
  const types = await listVolumeTypes(cinder);
  const ofServers = volumes.filter(({ id }) => attached.has(id));
  const options = planOptions(given, payloads);
  const disks = await preflight(cinder, ofServers, types, backups, options, holdings.secrets);
  const joined = planServers(looked, disks.plans, disks.refused);
  const wanted = wantedServers(joined.plans, backups, payloads);
  const fit = await fitting(session, wanted, given.concurrency, backups, nameOf);
  const over = fit.refused.map(({ what, error }) => ({ server: what.looked.facts.server, error }));
  return { holdings, fit, refused: [...refused, ...joined.refused, ...over], types };
}

/** Whether there may be more room where what dead runs left is gone. */
function isShort({ fit }: Plan): boolean {
  return fit.refused.length > 0;
}

function nameOf({ looked }: ServerPlan): string {
  const { id, name } = looked.facts.server;
  return `server ${quoted(name)} (${id})`;
}

function planOptions(
  { mode, method, 'max-chain': maxChain }: Given,
  payloads: PayloadStore | undefined,
): SavingWishes {
  return { mode, maxChain, method, payloads };
}

/** A server that a restore is making is nobody's yet. */
function isNoTemporary({ id, metadata }: Server): boolean {
  return readTemporary({ id, properties: metadata }) === undefined;
}

const GIB = 2 ** 30;

/** How disks are saved, told of the GiB as they flow. A volume that several of the servers have is saved once. */
async function saverOf(
  saving: Saving,
  session: Session,
  payloads: PayloadStore | undefined,
  given: Given,
): Promise<(advance: (gigabytes: number) => void) => DiskSaver> {
  const { signal } = saving.context.host;
  const { clock } = session;
  const { until } = saving;
  const cinder = await session.service('block-storage');
  const tools = saveToolsOf(saving, cinder, payloads, given.method);
  const once = shared<VolumePoint>();
  const recorded = new Set<string>();
  return (advance) => ({
    volume: (plan, snapshot) =>
      once(plan.volume.id, async () => {
        const { key, point } = await saveEitherWay(
          snapshot === undefined ? plan : planSnapshot(plan, snapshot),
          { ...tools, onBytes: (count) => advance(count / GIB) },
        );
        if (key !== undefined) await saving.record.add(key);
        return point;
      }),
    image: (image, server) => {
      const name = `${server} ${image.createdAt.slice(0, 19)}Z`.slice(-255);
      return payloads === undefined
        ? keepRoot(image, name, { session, clock, run: saving.context.ledger(session) })
        : storeRoot(image, name, { session, payloads, clock, signal, until }, (count) =>
            advance(count / GIB),
          );
    },
    record: async (point) => {
      if (recorded.has(point.id)) return;
      recorded.add(point.id);
      if (point.method === 'download' || point.method === 'kept') await saving.record.add(point);
      else await keepEitherWay(saving, { key: undefined, point }, cinder);
    },
  });
}

function subjectOf({ id, name }: Server) {
  return { kind: 'server', id, name } as const;
}

function tellPlan(context: Context, { fit }: Plan, payloads: PayloadStore | undefined): void {
  const { log } = context.host;
  for (const { looked, volumes } of fit.fits) {
    const { server, image } = looked.facts;
    const { id, name, status } = server;
    const how =
      image === null
        ? `its ${volumes.length} volumes from snapshots that Nova takes together`
        : `its own disk through an image${payloads === undefined ? ', which stays in the cloud' : ''}, and ${volumes.length} volumes`;
    log.info(`server ${quoted(name)} (${id}), ${status}: ${how}`);
    for (const { volume } of volumes.filter(({ volume: { attachments } }) => attachments.length > 1))
      log.warn(
        `volume ${quoted(volume.name)} (${volume.id}) is attached to other servers too, which write while it is saved`,
      );
    tellVolumes(context, volumes, payloads);
  }
  tellQuota(context, fit.quota, fit.warning);
}

function tellSaved({ host }: Context, { resource, consistency, oneMoment, seconds }: ServerPoint): void {
  host.log.info(
    `server ${quoted(resource.name)} (${resource.id}) is saved after ${seconds.toFixed(1)} s: ${resource.disks.length} disks, ${consistency}, ${oneMoment ? 'of one moment' : 'not of one moment'}`,
  );
}
