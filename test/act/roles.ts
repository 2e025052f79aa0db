import { strictEqual } from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Environment } from './environments.ts';

const page = await readFile(join(import.meta.dirname, '../../docs/permissions.md'), 'utf8');

interface Policy {
  readonly Statement: readonly {
    readonly Action: string | readonly string[];
    readonly Condition?: { readonly StringEquals: Readonly<Record<string, string>> };
  }[];
}

function policyOf(kind: 'trust' | 'allowed', environment: Environment): Policy {
  const [, json] =
    new RegExp(`<!-- ${kind}: ${environment} -->\\n\`\`\`json\\n([\\s\\S]*?)\`\`\``).exec(page) ?? [];
  if (json === undefined) throw new Error(`docs/permissions.md has no policy "${kind}: ${environment}"`);
  return JSON.parse(json) as Policy;
}

/** What the role of an environment may do, such as `s3:PutObject`, as docs/permissions.md says. */
export function allowedTo(environment: Environment): Set<string> {
  const row = page
    .split('\n')
    .find((line) => /^\| `[a-z`, -]+` \| `s3:/.test(line) && namesOf(line).has(environment));
  if (row === undefined) throw new Error(`docs/permissions.md says nothing of the role of ${environment}`);
  return new Set([...row.matchAll(/s3:\w+/g)].map(([action]) => action));
}

const namesOf = (row: string) =>
  new Set([...(row.split('|')[1] ?? '').matchAll(/`([a-z-]+)`/g)].map(([, name]) => name));

/** The `sub` of the tokens that the role of an environment trusts. @param repository owner/name */
export function trustedBy(environment: Environment, repository: string): string {
  const [statement] = policyOf('trust', 'backup').Statement;
  const trusted = statement?.Condition?.StringEquals['token.actions.githubusercontent.com:sub'] ?? '';
  return trusted.replace('OWNER/REPOSITORY', repository).replace(/backup$/, environment);
}

/** The policy that is written out is that of the table. */
export function policiesAgree(): void {
  const written = policyOf('allowed', 'backup').Statement.flatMap(({ Action }) => Action);
  strictEqual(written.toSorted().join(), [...allowedTo('backup')].toSorted().join());
}
