import { judge, type Terms } from '../../../src/retention/judge.ts';
import type { Told } from './history.ts';

/**
 * What has to be there when only the history is known: what the rules keep of each resource (`judge`: restic's verdict,
 * which test/retention proves, and the floor), what that needs, and the rest of its chains.
 *
 * @param now milliseconds
 */
export function verdict(
  points: readonly Told[],
  termsOf: (point: Told) => Terms,
  now: number,
): ReadonlySet<string> {
  const byId = new Map(points.map((point) => [point.id, point]));
  const byChain = Map.groupBy(points, ({ chain }) => chain);
  const keys = new Set(points.flatMap(({ kind, needs }) => (kind === 'server' ? [] : needs)));
  const kept = new Set<string>();
  const own = points.filter(({ id }) => !keys.has(id));
  for (const members of Map.groupBy(own, ({ kind, resource }) => `${kind} ${resource}`).values()) {
    const [first] = members;
    if (first === undefined) continue;
    const history = members.map(({ id, time }) => ({ id, time, tags: [], state: 'good' as const }));
    for (const { id, keep } of judge({ resource: 'present', points: history }, termsOf(first), now).verdicts)
      if (keep) hold(id);
  }
  return kept;

  function hold(id: string): void {
    if (kept.has(id)) return;
    kept.add(id);
    const { needs = [], chain } = byId.get(id) ?? {};
    for (const needed of needs) hold(needed);
    if (chain !== undefined) for (const member of byChain.get(chain) ?? []) hold(member.id);
  }
}
