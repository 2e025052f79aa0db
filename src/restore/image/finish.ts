import type { Environment } from '../../environment.ts';
import type { SavedImage } from '../../manifest/schema.ts';
import type { ServiceClient } from '../../openstack/connection.ts';
import { hasStatus } from '../../openstack/errors.ts';
import { type Image, type ImageChange, updateImage } from '../../openstack/image/v2/images.ts';
import { addMember } from '../../openstack/image/v2/members.ts';
import { KEY_POLICY } from '../../openstack/image/v2/properties.ts';
import { takeRecordOff } from '../../temporaries/image-record.ts';
import type { Ledger } from '../../temporaries/ledger.ts';
import { lateStep } from '../late.ts';

export interface ImageTraits {
  /** The name to give it. */
  readonly name: string;
  readonly saved: SavedImage;
  readonly sameProject: boolean;
}

/** An image that belongs to the user. */
export interface FinishedImage {
  /** Its name now. */
  readonly name: string;
  /** What could not be restored, in words. */
  readonly missing: readonly string[];
  /** What failed, in words. */
  readonly undone: readonly string[];
}

/**
 * Makes an image, whose data is there, what the saved one was: who may see it, tags, protection, the policy for its
 * key; a step that fails does not stop the others. What would prevent its removal comes with the last request, which
 * takes the record off.
 */
export async function finishImage(
  { session, ledger }: Environment,
  image: Image,
  { name, saved, sameProject }: ImageTraits,
): Promise<FinishedImage> {
  const client = await session.service('image');
  const [missing, undone]: [string[], string[]] = [[], []];
  const step = (what: string, act: () => Promise<unknown>) => lateStep(session, undone, what, act);
  await step(`its visibility ${saved.visibility}`, async () =>
    missing.push(...(await setVisibility(client, image, saved))),
  );
  await step('the projects that it was shared with', async () =>
    missing.push(...(await share(client, image, saved, sameProject))),
  );
  const named: ImageChange = { op: 'replace', name: 'name', value: name };
  const rest = 'its tags, whether it is hidden, and its protection';
  const settled =
    (await step(rest, () => lastTouch(client, image, [named, ...all(saved)], saved, ledger))) ||
    (await step('its name, and removing its mark as a temporary', () =>
      lastTouch(client, image, [named], saved, ledger),
    ));
  return { name: settled ? name : image.name, missing, undone };
}

function all({ hidden, protected: kept, tags }: SavedImage): ImageChange[] {
  return [
    { op: 'replace', name: 'tags', value: tags },
    { op: 'replace', name: 'os_hidden', value: hidden },
    { op: 'replace', name: 'protected', value: kept },
  ];
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
    return [`visibility ${saved.visibility}, which the cloud refuses to this user: now ${visibility}`];
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
      `project ${project} had accepted it: it is shared again, and only that project can accept it`,
  );
}

/** Makes all changes or none. */
async function lastTouch(
  client: ServiceClient,
  { id, properties }: Image,
  more: readonly ImageChange[],
  saved: SavedImage,
  ledger: Ledger,
): Promise<void> {
  const policy = saved.encryption?.deletionPolicy ?? undefined;
  const changes = [...more, ...(properties[KEY_POLICY] === undefined ? [] : [policyChange(policy)])];
  await takeRecordOff(client, id, changes, ledger);
}

/** A temporary takes its key along when it is deleted; from now on the saved image's policy holds. */
function policyChange(policy: string | undefined): ImageChange {
  return policy === undefined
    ? { op: 'remove', name: KEY_POLICY }
    : { op: 'replace', name: KEY_POLICY, value: policy };
}
