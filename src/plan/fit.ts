import { countsOf, type Need, type QuotaName, type Quotas } from '../openstack/quota-names.ts';
import { allNeeds, type QuotaLine, quotaAfter } from './quota.ts';

/** Something to save, and what it needs of the quotas. */
export interface Wanted<T> {
  readonly what: T;
  /** When it was last saved, ISO 8601; undefined means never. */
  readonly savedAt: string | undefined;
  /** What stays after the run. A part that several share, by id, is saved once. */
  readonly parts: readonly { readonly id: string; readonly stays: Need }[];
  /** What it needs only while it is saved. */
  readonly meanwhile: Need;
}

export interface Fit<T> {
  /** The least recently saved first. */
  readonly fits: readonly T[];
  /** What does not fit, with the lines that are too small for it. */
  readonly over: readonly { readonly what: T; readonly quota: readonly QuotaLine[] }[];
  /** How many of `fits` can be saved at the same time. */
  readonly atOnce: number;
  readonly after: readonly QuotaLine[];
  /** What `fits` needs for good, and would need again the next time. */
  readonly stays: Need;
}

/**
 * Picks what fits. What was never saved comes first, then the least recently saved: so each gets its turn even if the
 * quota is always too small. Temporary needs take turns.
 *
 * @param atOnce how many to save at a time
 */
export function whatFits<T>(quotas: Quotas, wanted: readonly Wanted<T>[], atOnce: number): Fit<T> {
  const plan = new Plan(quotas);
  const over: { what: T; quota: QuotaLine[] }[] = [];
  const chosen: Wanted<T>[] = [];
  for (const one of [...wanted].sort((a, b) => compare(a.savedAt ?? '', b.savedAt ?? ''))) {
    const lines = plan.with(one).filter(({ fits }) => !fits);
    if (lines.length > 0) {
      over.push({ what: one.what, quota: lines });
      continue;
    }
    plan.take(one);
    chosen.push(one);
  }
  const together = atTheSameTime(
    plan,
    chosen.map(({ meanwhile }) => meanwhile),
    atOnce,
  );
  return {
    fits: chosen.map(({ what }) => what),
    over,
    atOnce: together,
    after: [
      ...quotaAfter(quotas, plan.stays),
      ...quotaAfter(
        quotas,
        largest(
          chosen.map(({ meanwhile }) => meanwhile),
          together,
        ),
        true,
      ),
    ],
    stays: plan.stays,
  };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** What has been picked so far. */
class Plan {
  readonly quotas: Quotas;
  readonly #parts = new Set<string>();
  readonly #stays = new Map<string, number>();
  /** The largest temporary need of those picked. */
  readonly #peak = new Map<string, number>();

  constructor(quotas: Quotas) {
    this.quotas = quotas;
  }

  get stays(): Need {
    return Object.fromEntries(this.#stays);
  }

  /** The quota with one more, saved by itself. */
  with(one: Wanted<unknown>): QuotaLine[] {
    const stays = this.#newOf(one);
    // Those already picked still have to fit: what stays takes room from the temporary needs of others.
    const names = new Set([...Object.keys(stays), ...Object.keys(one.meanwhile)]) as Set<QuotaName>;
    const need = [...names].map((name) => [
      name,
      (this.#stays.get(name) ?? 0) +
        (stays[name] ?? 0) +
        Math.max(this.#peak.get(name) ?? 0, one.meanwhile[name] ?? 0),
    ]);
    return quotaAfter(this.quotas, Object.fromEntries(need));
  }

  take(one: Wanted<unknown>): void {
    for (const [name, count] of countsOf(this.#newOf(one)))
      this.#stays.set(name, (this.#stays.get(name) ?? 0) + count);
    for (const [name, count] of countsOf(one.meanwhile))
      this.#peak.set(name, Math.max(this.#peak.get(name) ?? 0, count));
    for (const { id } of one.parts) this.#parts.add(id);
  }

  #newOf({ parts }: Wanted<unknown>): Need {
    return allNeeds(parts.filter(({ id }) => !this.#parts.has(id)).map(({ stays }) => stays));
  }
}

/** How many fit at the same time, whichever they are: assumes the largest. */
function atTheSameTime({ quotas, stays }: Plan, needs: readonly Need[], atOnce: number): number {
  let together = 1;
  while (
    together < atOnce &&
    quotaAfter(quotas, allNeeds([stays, largest(needs, together + 1)])).every(({ fits }) => fits)
  )
    together += 1;
  return together;
}

/** The most that any `count` of them need together. */
function largest(needs: readonly Need[], count: number): Need {
  const names = new Set(needs.flatMap((need) => Object.keys(need))) as Set<QuotaName>;
  return Object.fromEntries(
    [...names].map((name) => {
      const each = needs.map((need) => need[name] ?? 0).sort((a, b) => b - a);
      return [name, each.slice(0, count).reduce((sum, one) => sum + one, 0)];
    }),
  );
}
