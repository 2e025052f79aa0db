import { duration } from '../clock.ts';
import { choosePoint } from '../manifest/choose.ts';
import type { Manifest, ServerPoint } from '../manifest/schema.ts';
import { getLimits } from '../openstack/blockstorage/v3/limits.ts';
import { watchVolumes } from '../openstack/blockstorage/v3/volumes.ts';
import { watchServers } from '../openstack/compute/v2/servers.ts';
import type { Session } from '../openstack/session.ts';
import { type QuotaLine, quotaAfter, quotaSentence, refuseOver } from '../plan/quota.ts';
import { bringBackServer, type DiskJob, type RestoredServer } from '../restore/server/bring-back.ts';
import { diskPoints, keptDisk, storedDisk } from '../restore/server/disks.ts';
import { type Mapping, parseMapping } from '../restore/server/mapping.ts';
import { planServer, type ServerPlan } from '../restore/server/plan.ts';
import { volumeDisk } from '../restore/server/volume-disk.ts';
import { makingRoom } from '../temporaries/room.ts';
import { sweep } from '../temporaries/sweep.ts';
import { forMarkdown, quoted } from '../text/escape.ts';
import { type Context, cloudInputs, defineCommand, type Outcome } from './command.ts';
import { compareClouds, manifestInputs, missingList, trustedManifest } from './restoring.ts';
import { readerOf, storeInputs } from './storing.ts';
import type { Inputs, Outputs, Values } from './table.ts';

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
      'What is called otherwise where it is restored to, one a line: `network: old=new`, `flavor: old=new`, `type: old=new` (of volumes), `key-pair: old=new`, `security-group: old=new`, `availability-zone: old=new`; names or ids.',
  },
} as const satisfies Inputs;

type Given = Values<typeof inputs>;

const outputs = {
  'server-id': { description: 'The id of the restored server.' },
  missing: { description: 'JSON: what could not be had again, a list of sentences.' },
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
  const { plan, disks } = await makingRoom(session, host, context.dryRun, async () => {
    const plan = await planServer(session, point.resource, given.name, mapping);
    const disks = await planDisks(context, session, manifest, point, mapping, given);
    mapping.refuseUnused();
    const quota = await quotaOf(session, plan, disks);
    tellPlan(context, plan, disks, quota);
    refuseOver(quota, 'the restored server', 'Delete servers or volumes');
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
  const reader = readerOf(context, given);
  const jobs: DiskJob[] = [];
  for (const { saved, point } of diskPoints(manifest, resource.disks)) {
    if (point.method === 'kept') jobs.push(await keptDisk(session, saved, point));
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
  const volumes = disks.filter(({ saved }) => saved.volume !== null);
  const limits = await getLimits(await session.service('block-storage'));
  const gigabytes = volumes.reduce((sum, disk) => sum + disk.gigabytes, 0);
  return [...plan.quota, ...quotaAfter(limits, { volumes: volumes.length, gigabytes })];
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
  { host }: Context,
  point: ServerPoint,
  plan: ServerPlan,
  { server, disks, differences }: RestoredServer,
  seconds: number,
): Outcome<typeof outputs> {
  for (const words of differences) host.log.warn(`not as it was: ${words}`);
  host.log.info(
    `server ${quoted(server.name)} (${server.id}) is restored and runs, after ${seconds.toFixed(1)} s`,
  );
  const missing = [...point.missing, ...plan.missing, ...differences];
  const report = {
    server: server.id,
    name: server.name,
    flavor: plan.flavor.name,
    disks: disks.map(({ saved, id }) => ({
      id,
      kind: saved.volume === null ? 'image' : 'volume',
      device: saved.device,
      point: saved.point,
    })),
    seconds,
  };
  return {
    outputs: {
      'server-id': server.id,
      missing: JSON.stringify(missing),
      report: JSON.stringify(report),
    },
    failed: false,
    summary: summaryOf(report, missing),
  };
}

function summaryOf(
  report: {
    readonly server: string;
    readonly name: string;
    readonly flavor: string;
    readonly disks: readonly unknown[];
    readonly seconds: number;
  },
  missing: readonly string[],
): string {
  return [
    `### Server ${forMarkdown(report.name)} restored`,
    '',
    '| server | flavor | disks | took |',
    '|---|---|---|---|',
    `| ${report.server} | ${forMarkdown(report.flavor)} | ${report.disks.length} | ${duration(report.seconds * 1000)} |`,
    ...missingList(missing),
  ].join('\n');
}
