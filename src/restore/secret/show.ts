import type { HostLog } from '../../ports/host.ts';
import type { Log } from '../../ports/log.ts';
import { quoted } from '../../text/escape.ts';
import type { Json } from '../../text/redact-json.ts';
import { markdownRows } from '../../text/rows.ts';
import type { Restored } from '../kind.ts';
import { missingList, undoneList } from '../remaining.ts';
import type { SecretRestorePlan } from './plan.ts';
import type { RestoredSecrets } from './restore.ts';

export type SecretOutput = 'secret-id' | 'secrets' | 'missing';

export function showSecrets(plans: readonly SecretRestorePlan[], log: Log): void {
  for (const { point, request } of plans)
    log.info(
      `a new secret ${quoted(request.secret.name ?? '')} for ${point.resource.id}, from ${point.payload.name}`,
    );
}

export function tellSecrets(
  plans: readonly SecretRestorePlan[],
  { restored, undone }: RestoredSecrets,
  _seconds: number,
  log: HostLog,
): Restored<SecretOutput> {
  const missing = plans.flatMap(({ point, request }) =>
    request.missing.map((what) => `secret ${point.resource.id}: ${what}`),
  );
  for (const what of missing) log.warn(`differs from the original: ${what}`);
  return {
    outputs: {
      'secret-id': [...restored.values()][0] ?? '',
      secrets: JSON.stringify(Object.fromEntries(restored)),
      missing: JSON.stringify(missing),
    },
    failed: restored.size < plans.length || undone.length > 0,
    summary: [...summaryOf(plans, restored), ...missingList(missing), ...undoneList(undone)].join('\n'),
  };
}

function summaryOf(plans: readonly SecretRestorePlan[], restored: ReadonlyMap<string, string>): string[] {
  return [
    `### ${restored.size} of ${plans.length} secrets restored`,
    '',
    ...markdownRows(plans, [
      { name: 'name', value: ({ request }) => request.secret.name },
      { name: 'was', value: ({ point }) => point.resource.id },
      { name: 'is now', markdown: ({ point }) => restored.get(point.resource.id) ?? '**failed**' },
    ]),
  ];
}

/** A plan as a program reads it: a request holds the key itself, so nothing of it but its name. */
export function plannedSecrets(plans: readonly SecretRestorePlan[]): Json {
  return plans.map(({ point, request }) => ({
    kind: 'secret',
    name: request.secret.name ?? '',
    source: point.resource.id,
    payload: point.payload.name,
    missing: request.missing,
  }));
}
