/** Members and tags. */
import { isoSeconds } from '../clock.ts';
import type { Core } from '../core.ts';
import {
  type AuthedCall,
  isObject,
  type JsonObject,
  type Params,
  param,
  parseJson,
  type Reply,
  type Router,
} from '../http.ts';
import type { Image } from '../state.ts';
import { imageRefusal } from './errors.ts';
import { EMPTY, find, findOwn } from './find.ts';

function showMember(image: Image, id: string): JsonObject {
  const member = image.members.get(id);
  if (member === undefined)
    throw imageRefusal(404, `${id} not found in the member list of the image ${image.id}.`);
  return {
    member_id: id,
    image_id: image.id,
    status: member.status,
    created_at: isoSeconds(member.createdAt),
    updated_at: isoSeconds(member.updatedAt),
    schema: '/v2/schemas/member',
  };
}

function addMember(core: Core, call: AuthedCall, params: Params): Reply {
  const body = parseJson(call.raw);
  const id = isObject(body) ? body['member'] : undefined;
  if (id === undefined) throw imageRefusal(400, 'Member to be added not specified');
  if (typeof id !== 'string' || id === '') throw imageRefusal(400, "Member can't be empty");
  const image = findOwn(core, call, params, 'add_member');
  if (image.visibility !== 'shared')
    throw imageRefusal(403, `Not allowed to create members for image ${image.id}.`);
  if (image.members.has(id)) throw imageRefusal(409, `Member ${id} is duplicated for image ${image.id}`);
  if (id.length > 255) throw imageRefusal(500, null);
  const now = core.clock.now();
  image.members.set(id, { status: 'pending', createdAt: now, updatedAt: now });
  return { status: 200, json: showMember(image, id) };
}

function answerMember(core: Core, call: AuthedCall, params: Params): Reply {
  const image = find(core, call, params);
  const id = param(params, 'member');
  const body = parseJson(call.raw);
  const status = isObject(body) ? body['status'] : undefined;
  showMember(image, id);
  // Only the member itself answers; the owner may not do it in its place.
  if (id !== call.projectId)
    throw imageRefusal(403, 'You are not authorized to complete modify_member action.');
  if (typeof status !== 'string')
    throw imageRefusal(400, 'Expected a status in the form {"status": "status"}');
  if (!['pending', 'accepted', 'rejected'].includes(status))
    throw imageRefusal(400, 'Incorrect request: Status must be "pending", "accepted" or "rejected".');
  const member = image.members.get(id);
  if (member !== undefined) Object.assign(member, { status, updatedAt: core.clock.now() });
  return { status: 200, json: showMember(image, id) };
}

export function memberRoutes(core: Core, router: Router<AuthedCall>): void {
  const one = '/v2/images/:id';
  router
    .on('PUT', `${one}/tags/:tag`, (call, params) => {
      const image = findOwn(core, call, params, 'modify_image');
      image.tags = [...new Set([...image.tags, param(params, 'tag')])];
      return EMPTY;
    })
    .on('DELETE', `${one}/tags/:tag`, (call, params) => {
      const image = findOwn(core, call, params, 'modify_image');
      const tag = param(params, 'tag');
      if (!image.tags.includes(tag)) throw imageRefusal(404, null);
      image.tags = image.tags.filter((each) => each !== tag);
      return EMPTY;
    })
    .on('GET', `${one}/members`, (call, params) => {
      const image = find(core, call, params);
      if (image.visibility !== 'shared')
        throw imageRefusal(
          403,
          `Not allowed to list members for image ${image.id}: Only shared images have members.`,
        );
      const ids = [...image.members.keys()];
      return {
        status: 200,
        json: { members: ids.map((id) => showMember(image, id)), schema: '/v2/schemas/members' },
      };
    })
    .on('POST', `${one}/members`, (call, params) => addMember(core, call, params))
    .on('GET', `${one}/members/:member`, (call, params) => ({
      status: 200,
      json: showMember(find(core, call, params), param(params, 'member')),
    }))
    .on('PUT', `${one}/members/:member`, (call, params) => answerMember(core, call, params))
    .on('DELETE', `${one}/members/:member`, (call, params) => {
      const image = findOwn(core, call, params, 'delete_member');
      showMember(image, param(params, 'member'));
      image.members.delete(param(params, 'member'));
      return { status: 204 };
    });
}
