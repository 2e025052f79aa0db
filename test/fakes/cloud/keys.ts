/**
 * Who may do what with a Barbican secret, and the key work that Cinder and Glance do in the caller's name (through
 * castellan): order a key, clone it, delete it. barbican/common/policies/secrets.py holds both rule sets.
 */
import { randomBytes } from 'node:crypto';
import { type Core, hasRole, tokenIsGood } from './core.ts';
import { type Secret, type Token, uuid } from './state.ts';

export type SecretDeed = 'create' | 'list' | 'get' | 'decrypt' | 'put' | 'delete' | 'acl-get' | 'acl-set';

/** castellan.common.exception.KeyManagerError; without a status code, so a service answers 500 where it does not catch it. */
export class KeyManagerError extends Error {
  constructor(reason: string) {
    super(`Key manager error: ${reason}`);
    this.name = 'KeyManagerError';
  }
}

function legacy(deed: SecretDeed, token: Token, secret: Secret | undefined): boolean {
  const creator = hasRole(token, 'creator');
  const admin = hasRole(token, 'admin');
  if (deed === 'create') return creator || admin;
  if (deed === 'list') return creator || admin || hasRole(token, 'observer');
  if (secret === undefined) return false;
  const same = token.project?.id === secret.projectId;
  const own = creator && secret.creatorId === token.user.id;
  if (same && (admin || own)) return true;
  if (deed === 'get' || deed === 'decrypt') return legacyRead(deed, token, secret, same);
  if (deed === 'acl-get') return same && (creator || hasRole(token, 'observer'));
  return creator && same && (deed === 'put' || secret.acl?.projectAccess !== false);
}

function legacyRead(deed: 'get' | 'decrypt', token: Token, secret: Secret, same: boolean): boolean {
  if (secret.acl?.users.includes(token.user.id) === true) return true;
  if (!same || secret.acl?.projectAccess === false) return false;
  return hasRole(token, 'creator', 'observer', ...(deed === 'get' ? ['audit'] : []));
}

function modern(deed: SecretDeed, token: Token, secret: Secret | undefined): boolean {
  const member = hasRole(token, 'member');
  if (deed === 'create' || deed === 'list') return member;
  if (secret === undefined) return false;
  const same = token.project?.id === secret.projectId;
  if (hasRole(token, 'admin') && same) return true;
  if ((deed === 'get' || deed === 'decrypt') && secret.acl?.users.includes(token.user.id) === true)
    return true;
  return member && same && (secret.creatorId === token.user.id || secret.acl?.projectAccess !== false);
}

export function secretAllowed(core: Core, deed: SecretDeed, token: Token, secret?: Secret): boolean {
  return core.options.barbicanPolicy === 'legacy' ? legacy(deed, token, secret) : modern(deed, token, secret);
}

/** Expired secrets are gone for everybody. */
export function liveSecret(core: Core, id: string): Secret | undefined {
  const secret = core.state.secrets.get(id);
  const expired = secret?.expiration != null && secret.expiration.getTime() <= core.clock.ms;
  return expired ? undefined : secret;
}

function secretCount(core: Core, projectId: string): number {
  return [...core.state.secrets.values()].filter((secret) => secret.projectId === projectId).length;
}

export function overSecretQuota(core: Core, projectId: string): boolean {
  return core.options.secretQuota >= 0 && secretCount(core, projectId) >= core.options.secretQuota;
}

const DENIED = 'attempt not allowed - please review your user/project privileges';

function checkToken(core: Core, token: Token): void {
  // Barbican's keystonemiddleware sees a token that died while the job ran.
  if (!tokenIsGood(core, token))
    throw new KeyManagerError('The request you have made requires authentication.');
}

function mayStore(core: Core, token: Token, what: string): void {
  checkToken(core, token);
  if (!secretAllowed(core, 'create', token)) throw new KeyManagerError(`Forbidden: ${what} ${DENIED}`);
  if (overSecretQuota(core, token.project?.id ?? '')) {
    throw new KeyManagerError(
      'Forbidden: Secret creation issue seen - Creation not allowed because a quota has been reached.',
    );
  }
}

function put(core: Core, token: Token, key: Buffer, algorithm: string, bitLength: number): Secret {
  const now = core.clock.now();
  const secret: Secret = {
    id: uuid(),
    projectId: token.project?.id ?? '',
    creatorId: token.user.id,
    name: null,
    secretType: 'symmetric',
    algorithm,
    bitLength,
    mode: null,
    expiration: null,
    createdAt: now,
    updatedAt: now,
    contentType: 'application/octet-stream',
    payload: null,
    metadata: {},
    acl: null,
  };
  core.state.keepPayload(secret, key);
  core.state.secrets.set(secret.id, secret);
  return secret;
}

/** A new key for a volume: `algorithm` is the part of the type's cipher before the dash. */
export function orderKey(core: Core, token: Token, cipher: string, bits: number): Secret {
  mayStore(core, token, 'Order creation');
  return put(core, token, randomBytes(bits / 8), cipher.split('-')[0] ?? 'aes', bits);
}

/** The same bytes under a new id, owned by the caller. */
export function cloneKey(core: Core, token: Token, id: string): Secret {
  checkToken(core, token);
  const from = liveSecret(core, id);
  if (from === undefined) throw new KeyManagerError(`Key not found, uuid: ${id}`);
  if (!secretAllowed(core, 'decrypt', token, from)) {
    throw new KeyManagerError(`Forbidden: Secret payload retrieval ${DENIED}`);
  }
  mayStore(core, token, 'Secret creation');
  return put(core, token, from.payload ?? Buffer.alloc(0), from.algorithm ?? 'aes', from.bitLength ?? 256);
}

/** Cinder falls back to its own service user, so the caller's rights do not matter; a missing key does not either. */
export function dropKey(core: Core, id: string): void {
  core.state.secrets.delete(id);
}
