/** How the drills of a resource went. */
export interface Row {
  readonly kind: string;
  readonly name: string;
  readonly drills: number;
  /** The deepest. */
  readonly reached: string;
  /** Seconds; undefined if nothing was restored. */
  readonly restore: { readonly p50: number; readonly p95: number; readonly count: number } | undefined;
  /** The longest time without a drill. Milliseconds. */
  readonly wait: number;
}

/** The RTO table, as a page would show it. */
export function rtoTable(rows: readonly Row[]): string {
  const cells = rows
    .toSorted((a, b) => (`${a.kind} ${a.name}` < `${b.kind} ${b.name}` ? -1 : 1))
    .map(({ kind, name, drills, reached, restore, wait }) => [
      kind,
      name,
      String(drills),
      reached,
      restore === undefined ? '' : `${restore.p50.toFixed(0)} s`,
      restore === undefined ? '' : `${restore.p95.toFixed(0)} s`,
      `${(wait / 86_400_000).toFixed(1)} d`,
    ]);
  const all = [['kind', 'name', 'drills', 'reached', 'p50', 'p95', 'longest wait'], ...cells];
  const widths = all[0]?.map((_cell, nth) => Math.max(...all.map((row) => row[nth]?.length ?? 0))) ?? [];
  return all
    .map(
      (row) =>
        `${row
          .map((cell, nth) => cell.padEnd(widths[nth] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}
