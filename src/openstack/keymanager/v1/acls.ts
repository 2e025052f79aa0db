import { field, flag, texts } from '../../../decode.ts';
import type { ServiceClient } from '../../connection.ts';
import { nothing } from '../../service.ts';
import { secretUrl } from './secrets.ts';

// https://docs.openstack.org/barbican/latest/api/reference/acls.html

/** Who may read a secret. */
export interface Acl {
  /** Whether everybody of the project may, as the roles allow. */
  readonly projectAccess: boolean;
  /** Ids of users who may beside them. */
  readonly users: readonly string[];
}

/** @returns undefined when it was never set: then everybody of the project may read it */
export function getAcl(client: ServiceClient, secretId: string): Promise<Acl | undefined> {
  return client.call({
    doing: `read the access list of key ${secretId}`,
    method: 'GET',
    path: `${secretUrl(secretId)}/acl`,
    ok: [200],
    decode: (answer) => {
      const read = field(answer, 'read');
      // Barbican answers a default of its own, without a time, where none was set.
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
