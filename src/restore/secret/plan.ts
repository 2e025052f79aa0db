import type { SecretPoint } from '../../manifest/schema.ts';
import type { Session } from '../../openstack/connection.ts';
import { openKey } from '../../payload/open-key.ts';
import type { PayloadStore } from '../../payload/store.ts';
import { pool } from '../../pool.ts';
import { storeFor } from '../store-for.ts';
import type { SecretChoice, SecretRestoreWishes } from './choose.ts';
import { type SecretRequest, secretRequest } from './request.ts';

/** A key that is opened and can be restored. */
export interface SecretRestorePlan {
  readonly point: SecretPoint;
  readonly request: SecretRequest;
  readonly bytes: Uint8Array;
}

/**
 * Opens all keys, before the first is restored.
 *
 * @throws InputError or OperationError if one cannot be opened
 */
export async function planSecrets(
  session: Session,
  { manifest, points }: SecretChoice,
  { name }: Pick<SecretRestoreWishes, 'name'>,
  store: PayloadStore | undefined,
): Promise<readonly SecretRestorePlan[]> {
  const target = { name, sameProject: manifest.cloud.project.id === session.scope.project.id };
  const now = session.clock.now();
  return pool(points, 4, async (point) => ({
    point,
    request: secretRequest(point.resource, target, now),
    bytes: await openKey((bytes) => session.secret(bytes), storeFor(point.payload, store), point),
  }));
}
