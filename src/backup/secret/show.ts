import type { RestorePoint } from '../../manifest/schema.ts';
import type { Log } from '../../ports/log.ts';
import { quoted } from '../../text/escape.ts';
import type { Json } from '../../text/redact-json.ts';
import type { WantedKey } from './choose.ts';
import type { SecretBackupWishes } from './plan.ts';

/** Where each key goes. */
export function showKeys(
  keys: readonly WantedKey[],
  { payloads, plaintext }: Pick<SecretBackupWishes, 'payloads' | 'plaintext'>,
  log: Log,
): void {
  for (const key of keys) log.info(`${nameOfKey(key)}${usersOf(key)} goes to ${payloads.place}`);
  if (plaintext)
    log.warn('the keys are written in clear: anyone who reads these files can open all that they encrypt');
}

export function toldKey(point: RestorePoint): string | undefined {
  if (point.resource.kind !== 'secret' || !('payload' in point) || point.payload === null) return undefined;
  return `${nameOfKey(point.resource)} saved as ${point.payload.name}`;
}

export function nameOfKey({ id, name }: { readonly id: string; readonly name: string }): string {
  return `secret ${name === '' ? '' : `${quoted(name)} `}${name === '' ? id : `(${id})`}`;
}

function usersOf({ usedBy }: WantedKey): string {
  return usedBy.length === 0
    ? ''
    : `, the key of ${usedBy.map(({ kind, id, name }) => `${kind} ${quoted(name)} (${id})`).join(', ')},`;
}

/** A plan as a program reads it. */
export function plannedKey({ id, name, usedBy }: WantedKey): Json {
  const users = usedBy.map((user) => ({ kind: user.kind, id: user.id, name: user.name }));
  return { kind: 'secret', id, name, usedBy: users };
}
