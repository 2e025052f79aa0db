import { duration } from '../../clock.ts';
import { messageOf, PlainError, withHint } from '../../errors.ts';
import { quotaSentence } from '../../plan/quota.ts';
import type { HostLog } from '../../ports/host.ts';
import type { Log } from '../../ports/log.ts';
import { forMarkdown, quoted } from '../../text/escape.ts';
import type { Json } from '../../text/redact-json.ts';
import { markdownRows } from '../../text/rows.ts';
import { counted } from '../../text/words.ts';
import type { Restored } from '../kind.ts';
import { warnOfNamesakes } from '../namesakes.ts';
import {
  called,
  missingList,
  type Remaining,
  remainingOutput,
  tellUndone,
  undoneList,
} from '../remaining.ts';
import type { ServerRestorePlan } from './plan.ts';
import type { RestoredServer } from './restore.ts';
import type { RestoredDisk } from './restore-disks.ts';

export type ServerOutput = 'server-id' | 'missing' | 'kept' | 'report';

export function showServer(
  { saved, name, flavor, disks, quota, missing, namesakes = [] }: ServerRestorePlan,
  log: Log,
): void {
  log.info(
    `server ${quoted(name)} of flavor ${quoted(flavor.name)} with ${counted(disks.length, 'disk')}, as ${quoted(saved.name)} (${saved.id}) was; ${quotaSentence(quota)}`,
  );
  for (const words of missing) log.warn(`differs from the original: ${words}`);
  warnOfNamesakes(namesakes, log);
}

export function tellServer(
  plan: ServerRestorePlan,
  { server, disks, differences, undone, failure }: RestoredServer,
  seconds: number,
  log: HostLog,
  signal: AbortSignal,
): Restored<ServerOutput> {
  for (const words of differences) log.warn(`differs from the original: ${words}`);
  const made = disks.filter(({ isNew }) => isNew).map(remainingOf);
  const all: Remaining[] =
    server === undefined ? made : [{ kind: 'server', id: server.id, name: server.name }, ...made];
  const failures = server === undefined ? [messageOf(failure), ...undone] : undone;
  if (server === undefined) tellDisks(log, plan, disks, failure, undone);
  else if (undone.length > 0) tellUndone(log, all[0] as Remaining, undone, byHand(server.id));
  else
    log.info(
      `server ${quoted(server.name)} (${server.id}) restored and running, after ${seconds.toFixed(1)} s`,
    );
  // A bug of ours is reported as one, after what it leaves is reported.
  if (server === undefined && !(failure instanceof PlainError) && !signal.aborted) throw failure;
  const missing = [...plan.unsaved, ...plan.missing, ...differences];
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
      ...remainingOutput(failures.length > 0, all),
      report: JSON.stringify(report),
    },
    failed: failures.length > 0,
    summary: summaryOf(report, missing, failures, all),
  };
}

function kindOf({ saved }: Pick<RestoredDisk, 'saved'>): 'image' | 'volume' {
  return saved.volume === null ? 'image' : 'volume';
}

function remainingOf(disk: RestoredDisk): Remaining {
  return { kind: kindOf(disk), id: disk.id, name: disk.name };
}

/** Without a server, lists its disks, and how the next restore reuses them. */
function tellDisks(
  log: HostLog,
  { name }: ServerRestorePlan,
  disks: readonly RestoredDisk[],
  failure: unknown,
  undone: readonly string[],
): void {
  log.error(`server ${quoted(name)} was not restored: ${withHint(failure)}`);
  for (const disk of disks)
    if (disk.isNew) log.info(`${called(remainingOf(disk))} has all its data and is kept`);
  for (const what of undone) log.error(`this failed too: ${what}`);
  const lines = disks.map((disk) => `${kindOf(disk)}: ${disk.resource}=${disk.id}`);
  log.warn(
    `when that is fixed, run restore-server again with these lines in \`map\` to reuse the disks: ${lines.join(', ')}. Without them, all disks are restored again beside these`,
  );
}

function byHand(id: string): string {
  return `The server runs. Add what is missing by hand (openstack server show ${id}); a new restore makes a second server.`;
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
  all: readonly Remaining[],
): string {
  const end = report.server === null ? 'not restored' : 'restored';
  return [
    `### Server ${forMarkdown(report.name)} ${end}${report.server !== null && failures.length > 0 ? ', but not everything about it' : ''}`,
    '',
    ...markdownRows(
      [report],
      [
        { name: 'server', markdown: ({ server }) => server ?? '**failed**' },
        { name: 'flavor', value: ({ flavor }) => flavor },
        { name: 'disks', value: ({ disks }) => disks.length },
        { name: 'took', value: ({ seconds }) => duration(seconds * 1000) },
      ],
    ),
    ...missingList(missing),
    ...undoneList(failures),
    ...(failures.length > 0
      ? ['', 'Kept, with all its data:', '', ...all.map((one) => `- ${forMarkdown(called(one))}`)]
      : []),
  ].join('\n');
}

/** A plan as a program reads it. */
export function plannedServer(plan: ServerRestorePlan): Json {
  return {
    kind: 'server',
    name: plan.name,
    source: plan.saved.id,
    flavor: plan.flavor.name,
    availabilityZone: plan.availabilityZone ?? null,
    disks: plan.disks.map(({ saved, from }) => ({
      from,
      kind: saved.volume === null ? 'image' : 'volume',
      device: saved.device,
      point: saved.point,
    })),
    missing: [...plan.unsaved, ...plan.missing],
    quota: plan.quota.map(({ told }) => told),
  };
}
