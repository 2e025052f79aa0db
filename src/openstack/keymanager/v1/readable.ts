import { OperationError } from '../../../errors.ts';
import type { Session } from '../../connection.ts';
import { CloudError } from '../../errors.ts';
import { getSecret, probePayload, type Secret } from './secrets.ts';

/**
 * Makes sure that the user may read a key, with the same request that Cinder will make with the user's token.
 *
 * @param owner whose key it is, for the message: "volume 5f2c…"
 * @param listed the key's attributes, if they were listed already
 * @returns the key's attributes
 * @throws OperationError that names the missing role
 */
export async function readableKey(
  session: Session,
  keyId: string,
  owner: string,
  listed?: Secret,
): Promise<Secret> {
  try {
    const client = await session.service('key-manager');
    const secret = listed ?? (await getSecret(client, keyId));
    if (Object.keys(secret.contentTypes).length === 0)
      throw new OperationError(
        `the key of ${owner} (${keyId}) has no payload`,
        'It opens nothing: it was made without a payload, or its creation was interrupted.',
      );
    await probePayload(client, keyId);
    return secret;
  } catch (error) {
    if (!(error instanceof CloudError)) throw error;
    throw new OperationError(
      `the key of ${owner} cannot be read: ${error.message}`,
      hintFor(error, session),
      error,
    );
  }
}

function hintFor(error: CloudError, session: Session): string | undefined {
  const { roles, user, project } = session.scope;
  if (error.status === 403)
    return (
      `User ${user.name} has the roles ${roles.join(', ') || 'none'} in project ${project.name}. Reading the key and cloning it for the backup needs ` +
      'the role `creator` (older Barbican) or `member` (its newer policies); for a private key also its creator or an entry in its ACL.'
    );
  if (error.status === 404)
    return 'The key was deleted or has expired, and without it the data is lost: ask the operator before you detach the volume.';
  return error.hint;
}
