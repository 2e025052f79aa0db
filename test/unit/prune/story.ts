import type { Cloud, CloudBackup } from '../../../src/prune/cloud.ts';
import type { Wishes } from '../../../src/prune/decide.ts';
import type { Saved } from '../../../src/prune/point.ts';
import type { Record } from '../../../src/prune/read.ts';
import { fractions } from '../../support/random.ts';
import { backupId, cloudBackup, cloudOf, DAY, NOW, pointId, recordOf, uuid, volumePoint } from './world.ts';

export interface Story {
  readonly record: Record;
  readonly cloud: Cloud;
  readonly wishes: Wishes;
  readonly minCopies: number;
  /** What each backup was really made on: Cinder's own truth, which nobody is shown. */
  readonly parents: ReadonlyMap<string, string>;
  /** By kind and id. */
  readonly standing: ReadonlyMap<string, 'present' | 'gone' | 'unknown' | 'failing'>;
}

interface Tip {
  readonly id: string;
  readonly position: number;
  readonly chain: number;
  readonly isOurs: boolean;
}

const STANDINGS = ['present', 'present', 'present', 'present', 'gone', 'unknown', 'failing'] as const;
const ODD = ['error', 'restoring', 'deleting', 'creating'];
const EARLIER = '2026-11-01T00:00:00Z';

/** A project as it may come to be: night after night a volume is saved by us, by a person, by another repository. */
class Project {
  readonly backups = new Map<string, CloudBackup>();
  readonly parents = new Map<string, string>();
  readonly points: Saved[] = [];
  readonly #below: (n: number) => number;
  #number = 1;

  constructor(below: (n: number) => number) {
    this.#below = below;
  }

  addVolume(name: string): void {
    let tip: Tip | undefined;
    for (let night = 1 + this.#below(25); night > 0; night -= 1)
      tip = this.#save(name, NOW - night * DAY - this.#below(3600) * 1000, tip);
  }

  addServer(resource: string): void {
    const disks = this.points.filter(
      ({ pruned, kind }) => kind === 'volume' && pruned === undefined && this.#below(8) === 0,
    );
    const last = disks.at(-1);
    if (last === undefined) return;
    this.#number += 1;
    const point = volumePoint({ number: this.#number, volume: resource, time: last.time });
    this.points.push({ ...point, kind: 'server', data: undefined, needs: disks.map(({ id }) => id) });
  }

  #save(volume: string, time: number, tip: Tip | undefined): Tip {
    this.#number += 1;
    const number = this.#number;
    const id = backupId(number);
    const on = this.#below(3) > 0 ? tip : undefined;
    if (on !== undefined) this.#put(id, on.id);
    if (this.#below(10) === 0) {
      this.backups.set(id, cloudBackup({ number, volume, time, incremental: on !== undefined }));
      return { id, position: 0, chain: number, isOurs: false };
    }
    const chain = on?.isOurs ? on.chain : number;
    const position = on === undefined ? 0 : on.position + 1;
    const tags = this.#below(9) === 0 ? ['release'] : [];
    const wish = { number, volume, time, chain, position, parent: on?.id, tags };
    const status = ODD[this.#below(30)] ?? 'available';
    this.backups.set(id, cloudBackup({ ...wish, point: pointId(number), status }));
    const isKnown = this.#below(20) > 0;
    if (isKnown)
      this.points.push({ ...volumePoint(wish), pruned: this.#below(40) === 0 ? EARLIER : undefined });
    return { id, position, chain, isOurs: isKnown };
  }

  #put(id: string, on: string): void {
    this.parents.set(id, on);
    const parent = this.backups.get(on);
    if (parent !== undefined) this.backups.set(on, { ...parent, hasDependents: true });
  }
}

export function story(seed: number): Story {
  const random = fractions(seed);
  const below = (n: number) => Math.floor(random() * n);
  const project = new Project(below);
  const standing = new Map<string, (typeof STANDINGS)[number]>();
  for (let volume = 0; volume < 1 + below(3); volume += 1) {
    project.addVolume(uuid(0xd, volume));
    standing.set(`volume ${uuid(0xd, volume)}`, STANDINGS[below(7)] ?? 'present');
  }
  for (let server = 0; server < below(4); server += 1) {
    project.addServer(uuid(0xe, server % 2));
    standing.set(`server ${uuid(0xe, server % 2)}`, 'present');
  }
  const minCopies = 1 + below(3);
  const policy = {
    ...(below(2) === 0 ? { daily: 1 + below(8) } : { last: 1 + below(6) }),
    ...(below(3) === 0 ? { weekly: 1 + below(4) } : {}),
    ...(below(3) === 0 ? { tags: [['release']] } : {}),
  };
  const isPartly = below(4) === 0;
  return {
    record: recordOf(project.points, {
      failures: new Map([...standing].flatMap(([key, how]) => (how === 'failing' ? [[key, NOW]] : []))),
    }),
    cloud: cloudOf(project.points, {
      backups: [...project.backups.values()],
      presence: new Map(
        [...standing].flatMap(([key, how]) =>
          how === 'unknown' ? [] : [[key, how === 'gone' ? ('gone' as const) : ('present' as const)]],
        ),
      ),
    }),
    wishes: {
      termsOf: ({ resource }) =>
        isPartly && resource.endsWith('1') ? [] : [{ policy, zone: 'UTC', minCopies }],
      allowOverHalf: below(2) === 0,
      accepted: new Set(),
    },
    minCopies,
    parents: project.parents,
    standing,
  };
}
