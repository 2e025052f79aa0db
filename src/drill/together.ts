import type { Finding } from './finding.ts';

/** What the parts of a restore point show together: it is proved if each of them is. */
export function together(parts: readonly Omit<Finding, 'reached'>[]): Omit<Finding, 'reached'> {
  const why = parts.find((part) => part.why !== undefined)?.why;
  return {
    seen: [...new Set(parts.flatMap(({ seen }) => seen))],
    size: parts.reduce((sum, { size }) => sum + size, 0),
    keyProved: parts.some(({ keyProved }) => keyProved),
    ...(why !== undefined && { why }),
  };
}
