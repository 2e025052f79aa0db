import type { Finding } from './finding.ts';

/** What the parts of a restore point show together: it is proved if each of them is. */
export function together(parts: readonly Omit<Finding, 'reached'>[]): Omit<Finding, 'reached'> {
  const failed = parts.filter((part) => part.why !== undefined);
  const why = failed[0]?.why;
  const isOfWay = failed.length > 0 && failed.every((part) => part.isOfWay === true);
  return {
    seen: [...new Set(parts.flatMap(({ seen }) => seen))],
    size: parts.reduce((sum, { size }) => sum + size, 0),
    keyProved: parts.some(({ keyProved }) => keyProved),
    ...(why !== undefined && { why }),
    ...(isOfWay && { isOfWay }),
  };
}
