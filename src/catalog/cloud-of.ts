import type { Manifest } from '../manifest/schema.ts';
import type { Session } from '../openstack/connection.ts';

/** The cloud and project of a session, which a restore compares with the manifest's. */
export function cloudOf(session: Session): Manifest['cloud'] {
  const { project } = session.scope;
  return {
    authUrl: session.config.auth.authUrl,
    region: session.region('block-storage'),
    project: { ...project },
  };
}
