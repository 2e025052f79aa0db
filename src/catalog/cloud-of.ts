import type { Manifest } from '../manifest/schema.ts';
import type { Session } from '../openstack/connection.ts';

/** Which cloud and project, for a restore to compare. */
export function cloudOf(session: Session): Manifest['cloud'] {
  const { project } = session.scope;
  return {
    authUrl: session.config.auth.authUrl,
    region: session.region('block-storage'),
    project: { ...project },
  };
}
