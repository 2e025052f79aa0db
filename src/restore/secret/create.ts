import type { Environment } from '../../environment.ts';
import { messageOf, OperationError } from '../../errors.ts';
import type { ServiceClient } from '../../openstack/connection.ts';
import { hasStatus } from '../../openstack/errors.ts';
import { putAcl } from '../../openstack/keymanager/v1/acls.ts';
import { getSecretMetadata } from '../../openstack/keymanager/v1/metadata.ts';
import {
  type CreateSecret,
  createSecret,
  type ListedSecret,
  listSecrets,
  readPayload,
  samePayload,
  storePayload,
} from '../../openstack/keymanager/v1/secrets.ts';
import { createOnce } from '../../openstack/retry.ts';
import type { Draft } from '../../temporaries/ledger.ts';
import { laterOfUnseen } from '../../temporaries/staying.ts';
import { undo } from '../../temporaries/undo.ts';
import type { SecretRequest } from './request.ts';

/**
 * Makes a secret: first without a payload, since Barbican would strip one in JSON, then who may read it, then the
 * bytes as they are, which are read back and compared. The secret still carries the record of a temporary.
 *
 * @returns its id, always a new one
 * @throws OperationError or CloudError; then the secret is removed
 */
export async function makeSecret(
  { session, ledger }: Environment,
  request: SecretRequest,
  bytes: Uint8Array,
  draft: Draft,
): Promise<string> {
  const client = await session.service('key-manager');
  const id = await makeEmpty(client, request.secret);
  let recorded = false;
  try {
    await ledger.bind(draft, 'secret', id);
    recorded = true;
    if (request.acl !== undefined) await putAcl(client, id, request.acl);
    await storePayload(client, id, bytes, request.contentType);
    if (!samePayload(await readPayload(client, id), bytes))
      throw new OperationError(
        `Barbican returns other bytes for secret ${id} than it was given`,
        'The secret is removed. Tell the operator.',
      );
  } catch (error) {
    const later = recorded ? laterOfUnseen(draft.purpose) : 'nothing';
    await undo(session, [{ kind: 'secret', id, what: `secret ${id}, made for the restore`, later }]);
    throw error;
  }
  return id;
}

/**
 * A secret whose create lost its answer has no record of ours: it may equally be the user's, or the empty secret of
 * another restore, between its two steps. So it is reported and not adopted, and another one is made. No clock decides:
 * neither Barbican's nor this machine's need be right.
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

/** Empty secrets that appeared meanwhile, look like the wanted one, and have no record of another run. */
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
            `secret ${secret.id}, which is empty, may come from a request whose answer was lost; if no other restore is running, remove it with: openstack secret delete ${secret.id}`,
          );
      if (young.length < page.length) return;
    }
  } catch (error) {
    log.warn(
      `a request to make a secret got no answer and may have left an empty one, and the search for it failed: ${messageOf(error)}`,
    );
  }
}

/** A secret that is gone by now belonged to somebody else. */
async function hasNoRecord(client: ServiceClient, secretId: string): Promise<boolean> {
  try {
    return Object.keys(await getSecretMetadata(client, secretId)).length === 0;
  } catch (error) {
    if (hasStatus(error, 404)) return false;
    throw error;
  }
}
