import type { IForbiddenRuleType } from 'dependency-cruiser';

/**
 * Which folder may import which: the arrows of docs/architecture.md. A folder imports only what stands after it here;
 * folders of one line know nothing of each other.
 */
export const LEVELS: readonly (readonly string[])[] = [
  ['bundle.ts'],
  ['main.ts', 'cli.ts'],
  ['carry-out.ts'],
  ['commands', 'host'],
  ['run'],
  ['drill'],
  ['backup', 'restore', 'prune', 'verify'],
  ['publish', 'catalog', 'planfile'],
  ['runbook', 'plan', 'retention'],
  ['environment.ts'],
  ['temporaries'],
  ['chain', 'payload'],
  ['manifest'],
  ['files', 'store', 'keys'],
  ['openstack', 'stream'],
  ['inputs', 'nbd', 'ports'],
  ['pool.ts', 'clock.ts', 'decode.ts', 'version.ts'],
  ['text'],
  ['errors.ts'],
];

const path = (names: readonly string[]) =>
  `^src/(${names.map((name) => name.replace('.', '\\.')).join('|')})(/|$)`;

export const RULES: IForbiddenRuleType[] = [
  { name: 'no-circle', severity: 'error' as const, from: {}, to: { circular: true } },
  ...LEVELS.map((names, level) => ({
    name: `${names.join('-')}-imports-only-what-is-below`,
    severity: 'error' as const,
    from: { path: path(names) },
    to: { path: path(LEVELS.slice(0, level).flat()) },
  })),
  ...LEVELS.filter((names) => names.length > 1).flatMap((names) =>
    names.map((name) => ({
      name: `${name}-knows-no-sibling`,
      severity: 'error' as const,
      from: { path: path([name]) },
      to: { path: path(names.filter((other) => other !== name)) },
    })),
  ),
  {
    name: 'actions-only-in-host',
    severity: 'error' as const,
    from: { path: '^src/', pathNot: '^src/host/' },
    to: { path: 'node_modules/@actions/' },
  },
  {
    // An oracle that borrows from what it judges agrees with its mistakes.
    name: 'the-embedded-cloud-stands-alone',
    severity: 'error' as const,
    from: { path: '^test/fakes/' },
    to: { path: '^(src|test)/', pathNot: '^test/fakes/' },
  },
];
