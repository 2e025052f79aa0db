import { quoted } from '../text/escape.ts';
import { toSecond } from '../text/words.ts';
import type { Chain } from './chains.ts';
import type { Saved } from './point.ts';

/** Collects the points that stay, and why: a point that stays keeps what it needs, and its chain. */
export class Keeping {
  readonly #reasons = new Map<string, string[]>();
  readonly #byId: ReadonlyMap<string, Saved>;
  readonly #byBackup: ReadonlyMap<string, readonly Saved[]>;
  readonly #chains: ReadonlyMap<string, Chain>;
  #fresh: Saved[] = [];

  constructor(points: readonly Saved[], chains: ReadonlyMap<string, Chain>) {
    this.#byId = new Map(points.map((point) => [point.id, point]));
    this.#byBackup = Map.groupBy(
      points.filter(({ data }) => data?.kind === 'backup'),
      ({ data }) => (data?.kind === 'backup' ? data.id : ''),
    );
    this.#chains = chains;
    for (const point of points) {
      const held = this.#chainOf(point)?.held;
      if (held !== undefined) this.keep(point, held);
    }
  }

  keeps({ id }: Saved): boolean {
    return this.#reasons.has(id);
  }

  reasons({ id }: Saved): readonly string[] {
    return this.#reasons.get(id) ?? [];
  }

  keep(point: Saved, reason: string): void {
    const reasons = this.#reasons.get(point.id);
    if (reasons === undefined) {
      this.#reasons.set(point.id, [reason]);
      this.#fresh.push(point);
    } else if (!reasons.includes(reason)) reasons.push(reason);
  }

  /** Call this once every rule has kept its points. */
  spread(): void {
    const whole = new Set<Chain>();
    for (let point = this.#fresh.pop(); point !== undefined; point = this.#fresh.pop()) {
      for (const id of point.needs) this.#add(this.#byId.get(id), `needed by ${told(point)}`);
      const chain = this.#chainOf(point);
      if (chain === undefined || whole.has(chain)) continue;
      whole.add(chain);
      for (const id of chain.members)
        for (const member of this.#byBackup.get(id) ?? [])
          this.#add(member, `in the chain of ${told(point)}`);
    }
  }

  /** A point that already stays needs no other reason. */
  #add(point: Saved | undefined, reason: string): void {
    if (point !== undefined && !this.keeps(point)) this.keep(point, reason);
  }

  #chainOf({ data }: Saved): Chain | undefined {
    return data?.kind === 'backup' ? this.#chains.get(data.id) : undefined;
  }
}

function told({ kind, name, time }: Saved): string {
  return `${kind} ${quoted(name)} of ${toSecond(time)}`;
}
