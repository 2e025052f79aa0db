import type { SavedSecret } from '../../manifest/schema.ts';
import type { Acl } from '../../openstack/keymanager/v1/acls.ts';
import type { CreateSecret } from '../../openstack/keymanager/v1/secrets.ts';

export interface SecretTarget {
  /** Default: the recorded name. */
  readonly name: string | undefined;
  /** Whether it goes back to the project that it was saved in, whose users the access list names. */
  readonly sameProject: boolean;
}

/** How a secret is made again. */
export interface SecretRequest {
  readonly secret: CreateSecret;
  readonly contentType: string;
  readonly acl: Acl | undefined;
  readonly metadata: Readonly<Record<string, string>>;
  /** What will differ from the original, in words. */
  readonly missing: readonly string[];
}

/** What Barbican takes for a payload of any bytes, and of text; nothing else (415). */
const OCTETS = 'application/octet-stream';
const TEXT = 'text/plain';

/**
 * The request that makes a secret like the saved one.
 *
 * @param now milliseconds since the epoch
 */
export function secretRequest(
  saved: SavedSecret,
  { name, sameProject }: SecretTarget,
  now: number,
): SecretRequest {
  const called = name ?? saved.name;
  return {
    secret: {
      // Keys that Cinder orders have none.
      name: called === '' ? undefined : called,
      secretType: saved.secretType,
      algorithm: saved.algorithm ?? undefined,
      bitLength: saved.bitLength ?? undefined,
      mode: saved.mode ?? undefined,
      expiration: isOver(saved, now) ? undefined : (saved.expires ?? undefined),
    },
    contentType: saved.contentType === TEXT ? TEXT : OCTETS,
    acl: saved.acl === null ? undefined : { ...saved.acl, users: sameProject ? saved.acl.users : [] },
    metadata: saved.metadata,
    missing: missingOfKey(saved, sameProject, now),
  };
}

/** Barbican refuses a secret that is expired from the start (400). */
function isOver({ expires }: SavedSecret, now: number): boolean {
  return expires !== null && Date.parse(expires) <= now;
}

function missingOfKey(saved: SavedSecret, sameProject: boolean, now: number): string[] {
  const { acl, contentType, expires } = saved;
  const users = acl?.users ?? [];
  const missing: string[] = [];
  if (isOver(saved, now)) missing.push(`expiry ${expires}, which has passed: now it never expires`);
  if (contentType !== null && ![OCTETS, TEXT].includes(contentType))
    missing.push(`content type ${contentType}, which Barbican no longer accepts: now ${OCTETS}`);
  if (!sameProject && users.length > 0)
    missing.push(`users of the other project who could read it: ${users.join(', ')}`);
  return missing;
}
