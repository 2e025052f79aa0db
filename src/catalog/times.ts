import type { Manifest, RestorePoint } from '../manifest/schema.ts';

/** When a manifest was written, by GitHub's clock: between these times. ISO 8601. */
export interface Window {
  /** Empty where GitHub does not say. */
  readonly from: string;
  readonly until: string;
}

/** What is known about when a manifest's data was saved. ISO 8601. */
export interface Times {
  /** Undefined outside GitHub. */
  readonly within: Window | undefined;
  /** When the newest data that is asked for was taken, by the cloud's clock; undefined if no restore point says. */
  readonly saved: string | undefined;
  /** Whether `saved` is when an image or a key was made: maybe years before the run, so it does not check the clock. */
  readonly made: boolean;
  /** By the clock of the machine that wrote the manifest, which may be wrong by years. */
  readonly started: string;
  readonly finished: string | undefined;
}

/** Synchronized clocks differ by less. */
const SLACK_MS = 5 * 60_000;

/** When the newest data of these restore points was taken, by the cloud's clock. */
export function savedOf(points: readonly RestorePoint[], manifest: Manifest): string | undefined {
  const savedAt = savedIn(manifest);
  return newestOf(points.map(savedAt));
}

/** Like {@link savedOf}, for each point of a manifest: a server takes it from the points that hold its data. */
function savedIn({ restorePoints }: Manifest): (point: RestorePoint) => string | undefined {
  let byId: ReadonlyMap<string, RestorePoint> | undefined;
  return (point) => {
    if (point.method !== 'disks') return timeOf(point);
    byId ??= new Map(restorePoints.map((one) => [one.id, one]));
    return newestOf(point.resource.disks.map((disk) => timeOf(byId?.get(disk.point))));
  };
}

function newestOf(times: readonly (string | undefined)[]): string | undefined {
  return times
    .filter((time) => time !== undefined)
    .sort(order)
    .at(-1);
}

/** Images and keys never change, so their time does not date the run that saved them. */
export function neverChanges({ resource: { kind } }: RestorePoint): boolean {
  return kind === 'image' || kind === 'secret';
}

/** When a restore point's data was taken, by the cloud's clock; for what never changes, when the run saved it. */
export function takenAt(point: RestorePoint, manifest: Manifest): string {
  return takenIn(manifest)(point);
}

/** Like {@link takenAt}, for many points of one manifest. */
export function takenIn(manifest: Manifest): (point: RestorePoint) => string {
  const { started } = manifest.run;
  const savedAt = savedIn(manifest);
  return (point) => (neverChanges(point) ? started : (savedAt(point) ?? started));
}

function timeOf(point: RestorePoint | undefined): string | undefined {
  if (point === undefined) return undefined;
  switch (point.method) {
    case 'cinder-backup':
      return point.backup.dataTimestamp;
    case 'image':
      return point.image.created;
    case 'disks':
      return undefined;
    default:
      return point.resource.created;
  }
}

/**
 * Compares the data of two manifests, seen from the first. The cloud's clock and GitHub's decide. If neither does, the
 * clock of the machine that wrote the manifest decides, unless it is known to be wrong. `unclear` if they contradict
 * each other: then only a person can tell.
 *
 * @param now milliseconds
 */
export function compareTimes(a: Times, b: Times, now: number): 'newer' | 'older' | 'same' | 'unclear' {
  const byCloud = a.saved === undefined || b.saved === undefined ? 0 : order(a.saved, b.saved);
  const byGitHub = orderOfWindows(a.within, b.within);
  const claimed = order(a.started, b.started);
  if (byGitHub !== 0) return byCloud === -byGitHub ? 'unclear' : word(byGitHub);
  const isPlain = claimed === 0 || (clockIsRight(a, now) && clockIsRight(b, now));
  if (byCloud !== 0) return claimed !== -byCloud || isPlain ? word(byCloud) : 'unclear';
  return isPlain ? word(claimed) : 'unclear';
}

/** Whether the machine's clock agrees with the cloud's and GitHub's. */
export function clockIsRight({ within, saved, made, started, finished }: Times, now: number): boolean {
  const start = Date.parse(started);
  const isAfter = (time: number, other: number) => time > other + SLACK_MS;
  if (isAfter(start, now)) return false;
  if (within !== undefined && isAfter(start, Date.parse(within.until))) return false;
  if (within !== undefined && within.from !== '' && isAfter(Date.parse(within.from), start)) return false;
  if (saved === undefined) return true;
  // Data from before the run was adopted from an older run, unless this clock is ahead.
  return (
    (made || !isAfter(start, Date.parse(saved))) &&
    !(finished !== undefined && isAfter(Date.parse(saved), Date.parse(finished)))
  );
}

/** Nothing published before this time can hold newer data. */
export function floorOf({ within, saved, started }: Times): string {
  if (within === undefined) return started;
  return saved === undefined || order(saved, within.until) > 0 ? within.from : saved;
}

function orderOfWindows(a: Window | undefined, b: Window | undefined): number {
  if (a === undefined || b === undefined) return 0;
  if (isBefore(b.until, a.from)) return 1;
  return isBefore(a.until, b.from) ? -1 : 0;
}

/** False if either time is missing. */
export function isBefore(a: string, b: string): boolean {
  return a !== '' && b !== '' && order(a, b) < 0;
}

function order(a: string, b: string): number {
  return Math.sign(Date.parse(a) - Date.parse(b));
}

function word(order: number): 'newer' | 'older' | 'same' {
  if (order === 0) return 'same';
  return order > 0 ? 'newer' : 'older';
}
