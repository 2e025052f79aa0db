import { parentsOf } from './chains.ts';
import type { Cloud } from './cloud.ts';
import type { Saved } from './point.ts';
import type { State } from './state.ts';

const UNKNOWN: State = { state: 'unknown', doubt: 'cannot tell whether everything it needs exists' };

/**
 * The state of each point with all that its restore needs: disks, keys, the backups below an increment. A point is only
 * as good as the worst of them.
 *
 * @param own the state of each point's own data
 */
export function wholeStates(
  points: readonly Saved[],
  own: ReadonlyMap<string, State>,
  cloud: Cloud,
): Map<string, State> {
  const byId = new Map(points.map((point) => [point.id, point]));
  const byBackup = new Map(
    points.flatMap((point) => (point.data?.kind === 'backup' ? [[point.data.id, point] as const] : [])),
  );
  const backups = new Map(cloud.backups.map((backup) => [backup.id, backup]));
  const parents = parentsOf(cloud.backups);
  const states = new Map<string, State>();
  for (const point of points) whole(point);
  return states;

  function whole(point: Saved): State {
    const known = states.get(point.id);
    if (known !== undefined) return known;
    // A placeholder, which ends circles.
    states.set(point.id, UNKNOWN);
    const mine = own.get(point.id) ?? UNKNOWN;
    const state = mine.state === 'good' ? below(point, mine) : mine;
    states.set(point.id, state);
    return state;
  }

  function below(point: Saved, mine: State): State {
    const needs = point.needs
      .map((id) => byId.get(id))
      .map((need) => (need === undefined ? UNKNOWN : whole(need)));
    const parent = point.data?.kind === 'backup' ? point.data.parent : undefined;
    const worst = [...needs, ...(parent === undefined ? [] : [ofParent(parent)])].find(
      ({ state }) => state !== 'good',
    );
    if (worst === undefined) return mine;
    if (worst.state === 'unknown') return { state: 'unknown', doubt: mine.doubt ?? UNKNOWN.doubt };
    return { ...mine, state: worst.state === 'running' ? 'running' : 'failed' };
  }

  /** Perhaps no manifest of these places lists the parent. */
  function ofParent(id: string, above: ReadonlySet<string> = new Set()): State {
    const point = byBackup.get(id);
    if (point !== undefined) return whole(point);
    if (cloud.lost.has(`backup ${id}`)) return { state: 'lost', doubt: undefined };
    const backup = backups.get(id);
    if (backup?.status !== 'available' && backup?.status !== 'restoring') return UNKNOWN;
    if (!backup.incremental) return { state: 'good', doubt: undefined };
    const parent = parents.get(id);
    // Anybody may have written the tags, so stop at a circle.
    return parent === undefined || above.has(parent)
      ? UNKNOWN
      : ofParent(parent, new Set([...above, parent]));
  }
}
