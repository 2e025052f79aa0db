import type { SavedImage } from '../../manifest/schema.ts';
import { hasStatus } from '../../openstack/errors.ts';
import { type Image, type ImageChange, updateImage } from '../../openstack/image/v2/images.ts';
import { addMember } from '../../openstack/image/v2/members.ts';
import { KEY_POLICY } from '../../openstack/image/v2/properties.ts';
import type { ServiceClient } from '../../openstack/service.ts';
import type { Session } from '../../openstack/session.ts';
import { takeRecordOff } from '../../temporaries/image-record.ts';
import type { Ledger } from '../../temporaries/ledger.ts';

interface Settled {
  /** That it shall have. */
  readonly name: string;
  readonly saved: SavedImage;
  readonly sameProject: boolean;
}

/**
 * Makes an image, whose data is there, what the saved one was: who may see it, tags, protection, what becomes of its
 * key. All that would be in the way of removing it comes with the last request, which takes the record off.
 *
 * @returns what could not be had, in words
 */
export async function settleImage(
  session: Session,
  image: Image,
  settled: Settled,
  run: Ledger,
): Promise<string[]> {
  const { saved, sameProject } = settled;
  const client = await session.service('image');
  const missing = [
    ...(await setVisibility(client, image, saved)),
    ...(await share(client, image, saved, sameProject)),
  ];
  await finish(client, image, settled, run);
  return missing;
}

/** Most clouds let only administrators publish an image. */
async function setVisibility(
  client: ServiceClient,
  { id, visibility }: Image,
  saved: SavedImage,
): Promise<string[]> {
  if (visibility === saved.visibility) return [];
  try {
    await updateImage(client, id, [{ op: 'replace', name: 'visibility', value: saved.visibility }]);
    return [];
  } catch (error) {
    if (!hasStatus(error, 403)) throw error;
    return [
      `the visibility ${saved.visibility}, which the cloud refuses to the user: it is ${visibility} now`,
    ];
  }
}

async function share(
  client: ServiceClient,
  { id }: Image,
  { members, visibility }: SavedImage,
  sameProject: boolean,
): Promise<string[]> {
  if (members.length === 0) return [];
  const projects = members.map(({ project }) => project);
  if (!sameProject || visibility !== 'shared')
    return [`the projects that it was shared with: ${projects.join(', ')}`];
  for (const project of projects) await addMember(client, id, project);
  const accepted = members.filter(({ status }) => status === 'accepted');
  return accepted.map(
    ({ project }) =>
      `that project ${project} had accepted it: it is offered again, and only they can accept it`,
  );
}

/** All changes or none. */
async function finish(
  client: ServiceClient,
  { id, properties }: Image,
  { name, saved }: Settled,
  run: Ledger,
): Promise<void> {
  const policy = saved.encryption?.deletionPolicy ?? undefined;
  const changes: ImageChange[] = [
    { op: 'replace', name: 'name', value: name },
    { op: 'replace', name: 'tags', value: saved.tags },
    { op: 'replace', name: 'os_hidden', value: saved.hidden },
    { op: 'replace', name: 'protected', value: saved.protected },
    ...(properties[KEY_POLICY] === undefined ? [] : [policyChange(policy)]),
  ];
  await takeRecordOff(client, id, changes, run);
}

/** While it was temporary the key went with the image; from now on as with the saved one. */
function policyChange(policy: string | undefined): ImageChange {
  return policy === undefined
    ? { op: 'remove', name: KEY_POLICY }
    : { op: 'replace', name: KEY_POLICY, value: policy };
}
