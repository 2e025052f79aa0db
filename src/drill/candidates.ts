import type { Manifest } from '../manifest/schema.ts';
import { GIB } from '../text/bytes.ts';
import { counted } from '../text/words.ts';
import type { StoredPart, Subject } from '../verify/subjects.ts';
import type { Candidate } from './draw.ts';
import type { DrillLevel } from './finding.ts';

export interface SubjectCandidate extends Candidate {
  readonly subject: Subject;
}

/** What a drill may use. */
export interface Means {
  readonly level: DrillLevel;
  /** That the level can prove. */
  readonly kinds: readonly string[];
  readonly byHand: boolean;
  readonly identity: boolean;
  /** GiB; Infinity: no limit. */
  readonly maxGigabytes: number;
  /** The cloud to restore to; undefined: none, or any. */
  readonly cloud: Pick<Manifest['cloud'], 'region' | 'project'> | undefined;
  /** GiB that the cloud has room for; Infinity: unlimited, or not known. */
  readonly freeGigabytes: number;
}

/**
 * The restore points that can be drilled so, and why the others cannot, in words.
 *
 * @param subjects each restore point once
 */
export function candidatesIn(
  subjects: readonly Subject[],
  means: Means,
): { readonly candidates: readonly SubjectCandidate[]; readonly left: readonly string[] } {
  const candidates: SubjectCandidate[] = [];
  const reasons = new Map<string, number>();
  for (const subject of subjects) {
    const why = whyNot(subject, means);
    if (why === undefined) candidates.push(candidateOf(subject));
    else reasons.set(why, (reasons.get(why) ?? 0) + 1);
  }
  return {
    candidates,
    left: [...reasons].map(([why, count]) => `${counted(count, 'restore point')} ${why}`),
  };
}

function candidateOf(subject: Subject): SubjectCandidate {
  const { kind, id, point, time, drilled } = subject.entry;
  return {
    subject,
    kind,
    resource: id,
    point,
    taken: Date.parse(time),
    drilled: drilled === undefined ? undefined : Date.parse(drilled.time),
  };
}

/** The data that `bytes` reads: all parts of the point, which must be in the store. */
export function storedParts({ parts }: Subject): readonly StoredPart[] {
  return parts.flatMap(({ stored }) => stored ?? []);
}

function whyNot(
  subject: Subject,
  { level, kinds, byHand, identity, maxGigabytes, cloud, freeGigabytes }: Means,
): string | undefined {
  const { entry, altered, parts } = subject;
  if (altered !== undefined) return 'of a manifest that was altered, or is not signed';
  if (!kinds.includes(entry.kind))
    return `of a kind that \`level: ${level}\` does not restore${byHand ? ' by hand' : ''}`;
  if (cloud !== undefined && !isSame(subject.cloud, cloud)) return 'of another project or region';
  if (entry.state === 'broken') return 'with something missing that they need';
  if (level === 'bytes' && !parts.every(({ stored }) => stored !== undefined))
    return 'with data in the cloud';
  if (level === 'boot' && !canBoot(subject)) return 'that no server can boot from';
  if (entry.state === 'unknown') return 'whose data was not seen';
  if (!identity && isSealed(subject, level)) return 'sealed, and no `identity` is given';
  if ((entry.size ?? 0) / GIB > maxGigabytes) return 'larger than `max-gigabytes`';
  if (gigabytesAtOnce(subject, level) > freeGigabytes)
    return `larger than the ${freeGigabytes} GiB of quota that are free`;
  return undefined;
}

/** GiB of volumes that a drill has at the same time. */
function gigabytesAtOnce({ parts }: Subject, level: DrillLevel): number {
  const all = parts.map(({ gigabytes = 0 }) => gigabytes);
  switch (level) {
    case 'bytes':
      return 0;
    case 'volume':
      return Math.max(0, ...all);
    case 'boot':
      return all.reduce((sum, size) => sum + size, 0);
  }
}

/** A volume that is not bootable has none to boot, and Nova boots no encrypted image. */
function canBoot({ entry: { kind }, parts }: Subject): boolean {
  if (kind === 'volume') return parts.some(({ bootable }) => bootable === true);
  return kind !== 'image' || !parts.some(({ stored }) => stored?.encrypted === true);
}

function isSame(then: Subject['cloud'], now: NonNullable<Means['cloud']>): boolean {
  return then?.project.id === now.project.id && then.region === now.region;
}

/** Whether a drill cannot do without the identity: the saved key of a Cinder backup is tried only if it can be. */
function isSealed(subject: Subject, level: DrillLevel): boolean {
  const stored = storedParts(subject);
  if (level === 'bytes' || subject.entry.kind === 'secret')
    return stored.some(({ payload }) => payload.sealed);
  return stored.some(
    ({ isDisk, payload, key }) => isDisk && (payload.sealed || key?.payload.sealed === true),
  );
}
