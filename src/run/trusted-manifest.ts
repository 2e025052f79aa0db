import { pointsMeant } from '../catalog/choose.ts';
import { cloudOf } from '../catalog/cloud-of.ts';
import { findManifest } from '../catalog/find.ts';
import { InputError } from '../errors.ts';
import type { ManifestInputs } from '../inputs/manifest.ts';
import { type Kind, pointsOf } from '../manifest/points.ts';
import type { Manifest, RestorePoint } from '../manifest/schema.ts';
import { verifyingKey } from '../manifest/sign.ts';
import type { Session } from '../openstack/connection.ts';
import { quoted } from '../text/escape.ts';
import type { Context } from './context.ts';

/**
 * The manifest that the inputs name, if it can be trusted.
 *
 * @param kind what is to be restored
 * @param wanted its name or id; undefined for the only one
 * @throws InputError
 */
export async function trustedManifest(
  context: Context,
  reference: string,
  given: ManifestInputs,
  kind: Kind,
  wanted: string | undefined,
): Promise<Manifest> {
  const key = given['verify-key'];
  const { host } = context;
  const found = await findManifest(reference, {
    directory: host.directory,
    github: host.github,
    workflow: given.workflow,
    branch: given.branch,
    wanted: (manifest) => wantedPoints(manifest, kind, wanted),
    now: () => host.clock.now(),
    log: host.log,
    verifyKey: key === undefined ? undefined : verifyingKey(await context.readText(key)),
    allowUnsigned: given['allow-unsigned'],
    identity: given.identity,
    warn: (line) => host.log.warn(line),
  });
  const { run } = found.manifest;
  host.log.info(`${found.path}: of ${run.started}, SHA-256 ${found.sha256}`);
  return found.manifest;
}

/**
 * The restore points of the resource, or all of the kind where none is named. A name that two resources share is wanted
 * as well: an older manifest, where it was one's alone, must not be taken for the latest.
 */
function wantedPoints(manifest: Manifest, kind: Kind, wanted: string | undefined): RestorePoint[] {
  const points = pointsOf(manifest, kind);
  return wanted === undefined ? points : pointsMeant(points, wanted);
}

/**
 * A project id is unique in the world; a region is not, and the URL of Keystone may differ by network.
 *
 * @throws InputError unless `allow-other-project` is set
 */
export function compareClouds(
  { host }: Context,
  manifest: Manifest,
  session: Session,
  given: Pick<ManifestInputs, 'allow-other-project'>,
): void {
  const [then, now] = [manifest.cloud, cloudOf(session)];
  if (then.project.id === now.project.id && then.region === now.region) return;
  const what = `the manifest is of project ${quoted(then.project.name)} (${then.project.id}) in region ${quoted(then.region)}, but the credentials are for project ${quoted(now.project.name)} (${now.project.id}) in region ${quoted(now.region)}`;
  if (!given['allow-other-project'])
    throw new InputError(what, 'Use the credentials of that project, or `allow-other-project: true`.');
  host.log.warn(what);
}
