import { field, flag, texts } from '../../../decode.ts';
import type { ServiceClient } from '../../connection.ts';
import { nothing } from '../../service.ts';
import { secretUrl } from './secrets.ts';

// https://docs.openstack.org/barbican/latest/api/reference/acls.html

/** Who may read a secret. */
export interface Acl {
  /** Whether everybody in the project may, as roles allow. */
  readonly projectAccess: boolean;
  /** Ids of other users who may. */
  readonly users: readonly string[];
}

/** @returns undefined if it was never set: then everybody in the project may read the secret */
export function getAcl(client: ServiceClient, secretId: string): Promise<Acl | undefined> {
  return client.call({
    doing: `read the access list of key ${secretId}`,
    method: 'GET',
    path: `${secretUrl(secretId)}/acl`,
    ok: [200],
    decode: (answer) => {
      const read = field(answer, 'read');
      // If none was set, Barbican answers with a default that has no time.
      if (read['created'] === undefined && flag(read, 'project-access')) return undefined;
      return { projectAccess: flag(read, 'project-access'), users: texts(read, 'users') };
    },
  });
}

export function putAcl(client: ServiceClient, secretId: string, acl: Acl): Promise<void> {
  return client.call({
    doing: `set the access list of key ${secretId}`,
    method: 'PUT',
    path: `${secretUrl(secretId)}/acl`,
    json: { read: { 'project-access': acl.projectAccess, users: acl.users } },
    ok: [200],
    decode: nothing,
  });
}
