import { choosePoint } from '../catalog/choose.ts';
import { duration } from '../clock.ts';
import { messageOf, PlainError } from '../errors.ts';
import { cloudInputs } from '../inputs/cloud.ts';
import { keptOutput, manifestInputs } from '../inputs/manifest.ts';
import { storeInputs } from '../inputs/store.ts';
import type { Inputs, Outputs, Values } from '../inputs/table.ts';
import type { Manifest, ServerPoint } from '../manifest/schema.ts';
import { watchVolumes } from '../openstack/blockstorage/v3/volumes.ts';
import { watchServers } from '../openstack/compute/v2/servers.ts';
import type { Session } from '../openstack/connection.ts';
import { quotasFor } from '../openstack/quotas.ts';
import { type QuotaLine, quotaAfter, quotaSentence, refuseOver } from '../plan/quota.ts';
import { diskPoints, keptDisk, storedDisk } from '../restore/server/disks.ts';
import { existingDisk } from '../restore/server/existing-disk.ts';
import { type Mapping, parseMapping } from '../restore/server/mapping.ts';
import { planServer, type ServerPlan } from '../restore/server/plan.ts';
import {
  type BackDisk,
  bringBackServer,
  type DiskJob,
  type RestoredServer,
} from '../restore/server/restore.ts';
import { volumeDisk } from '../restore/server/volume-disk.ts';
import type { Context, Outcome } from '../run/context.ts';
import { makingRoom } from '../run/room.ts';
import { namedStore } from '../run/storing.ts';
import { sweep } from '../temporaries/sweep.ts';
import { forMarkdown, quoted } from '../text/escape.ts';
import { defineCommand } from './command.ts';
import {
  called,
  compareClouds,
  KEPT_FAILURE,
  type Kept,
  missingList,
  tellUndone,
  trustedManifest,
  undoneList,
} from './restoring.ts';

const inputs = {
  ...cloudInputs,
  ...manifestInputs,
  manifest: { ...manifestInputs.manifest, required: true },
  server: {
    kind: 'text',
    placeholder: 'SERVER',
    description: "Which of the manifest's servers, by name or id; not needed where it has only one.",
  },
  ...storeInputs,
  name: {
    kind: 'text',
    placeholder: 'NAME',
    description: 'The name of the restored server, if not the recorded one.',
  },
  map: {
    kind: 'list',
    placeholder: 'KIND: OLD=NEW',
    description:
      'What is called otherwise where it is restored to, one a line: `network: old=new`, `flavor: old=new`, `type: old=new` (of volumes), `key-pair: old=new`, `security-group: old=new`, `availability-zone: old=new`; names or ids. `volume: old=there` and `image: old=there` take a disk that an earlier restore brought back as it is.',
  },
} as const satisfies Inputs;

type Given = Values<typeof inputs>;

const outputs = {
  'server-id': { description: 'The id of the restored server.' },
  missing: { description: 'JSON: what could not be had again, a list of sentences.' },
  ...keptOutput,
  report: {
    description: 'JSON: {server, name, flavor, disks, seconds}; of a disk {id, kind, device, point}.',
  },
} as const satisfies Outputs;

export const restoreServer = defineCommand({
  name: 'restore-server',
  summary: 'Restore a server with all its disks from a manifest, also into another project or cloud.',
  inputs,
  outputs,
  run,
});

async function run(context: Context, given: Given): Promise<Outcome<typeof outputs>> {
  const { host } = context;
  const mapping = parseMapping(given.map);
  const manifest = await trustedManifest(context, given.manifest, given, 'server', given.server);
  const point = choosePoint(manifest, 'server', given.server);

  const session = await context.connect(given);
  compareClouds(context, manifest, session, given);
  const {
    plan: { plan, disks },
  } = await makingRoom(session, host, context.dryRun, async () => {
    const plan = await planServer(session, point.resource, given.name, mapping);
    const disks = await planDisks(context, session, manifest, point, mapping, given);
    mapping.refuseUnused();
    const quota = await quotaOf(session, plan, disks);
    tellPlan(context, plan, disks, quota);
    refuseOver(quota, 'the restored server');
    return { plan, disks };
  });
  await sweep(session, host, context.dryRun);
  if (context.dryRun) return { outputs: {}, failed: false };

  const started = session.clock.now();
  const nova = await session.service('compute');
  const { log, signal } = host;
  const { clock } = session;
  const run = context.ledger(session);
  const tools = { nova, servers: watchServers(nova), run, clock, log, signal };
  const gigabytes = disks.reduce((sum, disk) => sum + disk.gigabytes, 0);
  const bar = host.progress.start('restoring', { items: disks.length, gigabytes });
  try {
    const restored = await bringBackServer(plan, disks, tools, (items, more) => bar.advance(items, more));
    return outcomeOf(context, point, plan, restored, (clock.now() - started) / 1000);
  } finally {
    bar.finish();
  }
}

async function planDisks(
  context: Context,
  session: Session,
  manifest: Manifest,
  { resource }: ServerPoint,
  mapping: Mapping,
  given: Given,
): Promise<DiskJob[]> {
  const client = await session.service('block-storage');
  const { log, signal } = context.host;
  const { clock } = client.session;
  const run = context.ledger(client.session);
  const tools = { client, volumes: watchVolumes(client), run, clock, log, signal };
  const reader = namedStore(context, given);
  const jobs: DiskJob[] = [];
  for (const { saved, point } of diskPoints(manifest, resource.disks)) {
    const { kind, id, name } = point.resource;
    const there = mapping.of(kind, id, name);
    if (there !== undefined) jobs.push(await existingDisk(session, saved, point, there));
    else if (point.method === 'kept') jobs.push(await keptDisk(session, saved, point));
    else if (point.method === 'download')
      jobs.push(await storedDisk(session, reader, manifest, saved, point, run));
    else jobs.push(await volumeDisk(manifest, saved, point, mapping, reader, tools));
  }
  return jobs;
}

async function quotaOf(
  session: Session,
  plan: ServerPlan,
  disks: readonly DiskJob[],
): Promise<readonly QuotaLine[]> {
  const volumes = disks.filter(({ saved, isThere }) => saved.volume !== null && !isThere);
  const gigabytes = volumes.reduce((sum, disk) => sum + disk.gigabytes, 0);
  const need = { volumes: volumes.length, gigabytes };
  return [...plan.quota, ...quotaAfter(await quotasFor(session, [need]), need)];
}

function tellPlan(
  { host }: Context,
  { saved, name, flavor, missing }: ServerPlan,
  disks: readonly DiskJob[],
  quota: readonly QuotaLine[],
): void {
  host.log.info(
    `server ${quoted(name)} of flavor ${quoted(flavor.name)} with ${disks.length} disks, as ${quoted(saved.name)} (${saved.id}) was; ${quotaSentence(quota)}`,
  );
  for (const words of missing) host.log.warn(`not as it was: ${words}`);
}

function outcomeOf(
  context: Context,
  point: ServerPoint,
  plan: ServerPlan,
  { server, disks, differences, undone, failure }: RestoredServer,
  seconds: number,
): Outcome<typeof outputs> {
  const { log, signal } = context.host;
  for (const words of differences) log.warn(`not as it was: ${words}`);
  const made = disks.filter(({ isNew }) => isNew).map(keptOf);
  const kept: Kept[] =
    server === undefined ? made : [{ kind: 'server', id: server.id, name: server.name }, ...made];
  const failures = server === undefined ? [messageOf(failure), ...undone] : undone;
  if (server === undefined) tellKept(context, plan, disks, failure, undone);
  else if (undone.length > 0) tellUndone(context, kept[0] as Kept, undone, byHand(server.id));
  else
    log.info(
      `server ${quoted(server.name)} (${server.id}) is restored and runs, after ${seconds.toFixed(1)} s`,
    );
  // A fault of ours is told as one, when what it leaves is told.
  if (server === undefined && !(failure instanceof PlainError) && !signal.aborted) throw failure;
  const missing = [...point.missing, ...plan.missing, ...differences];
  const report = {
    server: server?.id ?? null,
    name: plan.name,
    flavor: plan.flavor.name,
    disks: disks.map((disk) => ({
      id: disk.id,
      kind: kindOf(disk),
      device: disk.saved.device,
      point: disk.saved.point,
    })),
    seconds,
  };
  return {
    outputs: {
      ...(server === undefined ? {} : { 'server-id': server.id }),
      missing: JSON.stringify(missing),
      ...(failures.length > 0 ? { kept: JSON.stringify(kept) } : {}),
      report: JSON.stringify(report),
    },
    failed: failures.length > 0,
    failure: KEPT_FAILURE,
    summary: summaryOf(report, missing, failures, kept),
  };
}

function kindOf({ saved }: Pick<BackDisk, 'saved'>): 'image' | 'volume' {
  return saved.volume === null ? 'image' : 'volume';
}

function keptOf(disk: BackDisk): Kept {
  return { kind: kindOf(disk), id: disk.id, name: disk.name };
}

/** There is no server; its disks are told one by one, and how the next restore takes them as they are. */
function tellKept(
  { host: { log } }: Context,
  { name }: ServerPlan,
  disks: readonly BackDisk[],
  failure: unknown,
  undone: readonly string[],
): void {
  const hint = failure instanceof PlainError ? (failure.hint ?? '') : '';
  log.error(`server ${quoted(name)} is not restored: ${messageOf(failure)}. ${hint}`.trim());
  for (const disk of disks) if (disk.isNew) log.info(`${called(keptOf(disk))} has all its data and is kept`);
  for (const what of undone) log.error(`this failed too: ${what}`);
  const lines = disks.map((disk) => `${kindOf(disk)}: ${disk.resource}=${disk.id}`);
  log.warn(
    `when that is mended, run restore-server again with these lines in \`map\`, and the disks are taken as they are: ${lines.join(', ')}. Without them, all disks are restored once more beside these`,
  );
}

function byHand(id: string): string {
  return `The server runs. Do by hand what is missing (openstack server show ${id}); a new restore makes a second server.`;
}

function summaryOf(
  report: {
    readonly server: string | null;
    readonly name: string;
    readonly flavor: string;
    readonly disks: readonly unknown[];
    readonly seconds: number;
  },
  missing: readonly string[],
  failures: readonly string[],
  kept: readonly Kept[],
): string {
  const end = report.server === null ? 'not restored' : 'restored';
  return [
    `### Server ${forMarkdown(report.name)} ${end}${report.server !== null && failures.length > 0 ? ', and not all that belongs to it' : ''}`,
    '',
    '| server | flavor | disks | took |',
    '|---|---|---|---|',
    `| ${report.server ?? '**failed**'} | ${forMarkdown(report.flavor)} | ${report.disks.length} | ${duration(report.seconds * 1000)} |`,
    ...missingList(missing),
    ...undoneList(failures),
    ...(failures.length > 0
      ? ['', 'Kept, with all its data:', '', ...kept.map((one) => `- ${forMarkdown(called(one))}`)]
      : []),
  ].join('\n');
}
