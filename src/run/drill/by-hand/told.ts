import type { Finding } from '../../../drill/finding.ts';

/** The same, with what it was carried out with. */
export function toldByHand(programs: readonly string[], finding: Finding): Finding {
  const how = `by hand: RESTORE.md, carried out with ${programs.join(', ')}`;
  return { ...finding, seen: [how, ...finding.seen] };
}
