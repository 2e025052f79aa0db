import { text } from '../../../decode.ts';
import type { ServiceClient } from '../../connection.ts';
import { itemsOf } from '../../items.ts';
import { nothing } from '../../service.ts';
import { imageUrl } from './images.ts';

// https://docs.openstack.org/api-ref/image/v2/#sharing

/** A project that may see a `shared` image. */
export interface Member {
  /** Glance accepts any text here. */
  readonly projectId: string;
  /** `pending`, `accepted` or `rejected`: only the member itself changes it. */
  readonly status: string;
}

const membersUrl = (imageId: string) => `${imageUrl(imageId)}/members`;

/** @throws CloudError 403 when the image is public or private: Glance keeps members of shared ones only */
export function listMembers(client: ServiceClient, imageId: string): Promise<Member[]> {
  return client.call({
    doing: `list the members of image ${imageId}`,
    method: 'GET',
    path: membersUrl(imageId),
    ok: [200],
    decode: (answer) =>
      itemsOf(client, answer, 'members', 'image member', (member) => ({
        projectId: text(member, 'member_id'),
        status: text(member, 'status'),
      })).items,
  });
}

/** An existing member stays as it is. */
export function addMember(client: ServiceClient, imageId: string, projectId: string): Promise<void> {
  return client.call({
    doing: `share image ${imageId} with project ${projectId}`,
    method: 'POST',
    path: membersUrl(imageId),
    json: { member: projectId },
    ok: [200, 409],
    idempotent: true,
    decode: nothing,
  });
}

/** A member that is already gone counts as removed. */
export function removeMember(client: ServiceClient, imageId: string, projectId: string): Promise<void> {
  return client.call({
    doing: `stop sharing image ${imageId} with project ${projectId}`,
    method: 'DELETE',
    path: `${membersUrl(imageId)}/${encodeURIComponent(projectId)}`,
    ok: [204, 404],
    decode: nothing,
  });
}
