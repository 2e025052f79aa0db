import { messageOf, OperationError } from '../../errors.ts';
import type { SecretPoint } from '../../manifest/schema.ts';
import type { ServiceClient, Session } from '../../openstack/connection.ts';
import { hasStatus } from '../../openstack/errors.ts';
import { putAcl } from '../../openstack/keymanager/v1/acls.ts';
import { getSecretMetadata, replaceSecretMetadata } from '../../openstack/keymanager/v1/metadata.ts';
import {
  type CreateSecret,
  createSecret,
  type ListedSecret,
  LONGEST_PAYLOAD,
  listSecrets,
  readPayload,
  samePayload,
  storePayload,
} from '../../openstack/keymanager/v1/secrets.ts';
import { createOnce } from '../../openstack/retry.ts';
import type { PayloadStore } from '../../payload/store.ts';
import type { Draft, Ledger } from '../../temporaries/ledger.ts';
import { laterOfUnseen } from '../../temporaries/staying.ts';
import { undo } from '../../temporaries/undo.ts';
import type { SecretRequest } from './plan.ts';

/**
 * The bytes of a saved key, checked against the manifest. The sinks are told of them.
 *
 * @throws InputError where it is not in the store, or sealed to others
 * @throws OperationError where it is altered, or larger than any key
 */
export async function openKey(
  session: Session,
  reader: PayloadStore,
  { payload }: SecretPoint,
): Promise<Buffer> {
  // No more than this comes: what flows is counted against it.
  if (payload.size > LONGEST_PAYLOAD)
    throw new OperationError(
      `payload ${payload.name} has ${payload.size} bytes, and no key has more than ${LONGEST_PAYLOAD}`,
      'The manifest was altered, or names the payload of something else: take another copy of it.',
    );
  const pieces: Uint8Array[] = [];
  for await (const piece of await reader.open(payload)) pieces.push(piece);
  const bytes = Buffer.concat(pieces);
  session.secret(bytes);
  return bytes;
}

/** A secret with its payload, which still carries the record of a temporary. */
export interface RestoredSecret {
  /** Always a new one. */
  readonly id: string;
  /** Takes the record off: from now on it is the user's. */
  settle(): Promise<void>;
}

/**
 * Makes a secret: first without a payload, since Barbican would strip one in JSON, then who may read it, then the
 * bytes as they are, which are read back and compared.
 *
 * @throws OperationError or CloudError; the secret is removed again then
 */
export async function restoreSecret(
  session: Session,
  request: SecretRequest,
  bytes: Buffer,
  draft: Draft,
  run: Ledger,
): Promise<RestoredSecret> {
  const client = await session.service('key-manager');
  const id = await makeEmpty(client, request.secret);
  let recorded = false;
  try {
    await run.bind(draft, 'secret', id);
    recorded = true;
    if (request.acl !== undefined) await putAcl(client, id, request.acl);
    await storePayload(client, id, bytes, request.contentType);
    if (!samePayload(await readPayload(client, id), bytes))
      throw new OperationError(
        `Barbican gives other bytes for secret ${id} than it was given`,
        'The secret is removed again. Tell the operator.',
      );
  } catch (error) {
    const later = recorded ? laterOfUnseen(draft.purpose) : 'nothing';
    await undo(session, [{ kind: 'secret', id, what: `secret ${id}, made for the restore`, later }]);
    throw error;
  }
  const settle = async () => {
    await run.release(id);
    await replaceSecretMetadata(client, id, request.metadata);
  };
  return { id, settle };
}

/**
 * What a request makes whose answer is lost bears no record of ours: it may as well be the empty secret of another
 * restore, between its two steps, or the user's. So it is not taken over: another one is made, and it is told. No clock
 * is asked: neither Barbican's nor this machine's need be right.
 */
async function makeEmpty(client: ServiceClient, wanted: CreateSecret): Promise<string> {
  const { session } = client;
  const { clock, log, signal } = session;
  const filter = { name: wanted.name };
  const first = await listSecrets(client, filter).next();
  const known = first.done ? [] : first.value;
  let lost = false;
  let made: string | undefined;
  const notOurs = async () => {
    lost = true;
    return undefined;
  };
  try {
    made = await createOnce(() => createSecret(client, wanted), notOurs, { clock, log, signal });
    return made;
  } finally {
    if (lost) {
      session.windUp();
      await tellStrays(client, wanted, known, made);
    }
  }
}

/** Empty secrets that came meanwhile, look as the wanted one, and have no record of another run. */
async function tellStrays(
  client: ServiceClient,
  wanted: CreateSecret,
  known: readonly ListedSecret[],
  made: string | undefined,
): Promise<void> {
  const { log } = client.session;
  const before = new Set(known.map(({ id }) => id));
  const newest = Date.parse(known[0]?.createdAt ?? new Date(0).toISOString());
  const looksSo = ({ contentTypes, name, secretType }: ListedSecret) =>
    Object.keys(contentTypes).length === 0 && name === wanted.name && secretType === wanted.secretType;
  try {
    for await (const page of listSecrets(client, { name: wanted.name })) {
      const young = page.filter(({ createdAt }) => Date.parse(createdAt) >= newest);
      for (const secret of young)
        if (
          secret.id !== made &&
          !before.has(secret.id) &&
          looksSo(secret) &&
          (await hasNoRecord(client, secret.id))
        )
          log.warn(
            `secret ${secret.id}, which is empty, may be of a request whose answer was lost; when no other restore is at work, remove it with: openstack secret delete ${secret.id}`,
          );
      if (young.length < page.length) return;
    }
  } catch (error) {
    log.warn(
      `a request to make a secret had no answer, and may have left an empty one, which cannot be looked for: ${messageOf(error)}`,
    );
  }
}

/** One that is gone by now was another's. */
async function hasNoRecord(client: ServiceClient, secretId: string): Promise<boolean> {
  try {
    return Object.keys(await getSecretMetadata(client, secretId)).length === 0;
  } catch (error) {
    if (hasStatus(error, 404)) return false;
    throw error;
  }
}
