/** Volume types: a user sees names and visible extra specs, and nothing about encryption. */
import { type Core, hasRole } from '../core.ts';
import { type JsonObject, param, type Router } from '../http.ts';
import { isUuid, type VolumeType } from '../state.ts';
import { type CinderCall, missing, mustBeAdmin, refuse } from './call.ts';
import { page } from './paging.ts';

/** By id, then by name, with the two different 404 texts. */
export function typeByNameOrId(core: Core, identity: string): VolumeType {
  const byId = core.state.types.get(identity);
  if (byId !== undefined) return byId;
  const byName = [...core.state.types.values()].find((type) => type.name === identity);
  if (byName !== undefined) return byName;
  throw isUuid(identity)
    ? missing('Volume type', identity)
    : refuse(404, `Volume type with name ${identity} could not be found.`);
}

function find(core: Core, id: string): VolumeType {
  const type = core.state.types.get(id === 'default' ? core.state.defaultTypeId : id);
  if (type === undefined) throw missing('Volume type', id);
  return type;
}

/** cinder/policies/type_extra_specs.py USER_VISIBLE_EXTRA_SPECS */
const VISIBLE = ['RESKEY:availability_zones', 'multiattach', 'replication_enabled'];

function show(type: VolumeType, withAccess: boolean): JsonObject {
  const specs = Object.entries(type.extraSpecs).filter(([key]) => VISIBLE.includes(key));
  return {
    id: type.id,
    name: type.name,
    is_public: true,
    description: type.description,
    extra_specs: Object.fromEntries(specs),
    ...(withAccess ? { 'os-volume-type-access:is_public': true } : {}),
  };
}

export function typeRoutes(core: Core, router: Router<CinderCall>): void {
  router
    .on('GET', '/types', (call) => {
      const found = page(core, call, {
        path: 'types',
        rows: [...core.state.types.values()],
        sortable: {
          created_at: (type) => [...core.state.types.keys()].indexOf(type.id),
          name: (type) => type.name,
          id: (type) => type.id,
        },
        missing: (marker) => missing('Volume type', marker),
      });
      return {
        status: 200,
        json: {
          // Readers do not see that last field.
          volume_types: found.rows.map((type) => show(type, hasRole(call.token, 'member', 'admin'))),
          ...(found.links.length > 0 ? { volume_type_links: found.links } : {}),
        },
      };
    })
    .on('GET', '/types/:id', (call, params) => {
      const id = param(params, 'id');
      const member = hasRole(call.token, 'member', 'admin');
      return { status: 200, json: { volume_type: show(find(core, id), member && id !== 'default') } };
    })
    .on('GET', '/types/:id/encryption', (call, params) => {
      mustBeAdmin(call, 'volume_extension:volume_type_encryption:get');
      const { encryption } = find(core, param(params, 'id'));
      if (encryption === null) return { status: 200, json: {} };
      const { provider, cipher, keySize, controlLocation } = encryption;
      return {
        status: 200,
        json: { provider, cipher, key_size: keySize, control_location: controlLocation },
      };
    });
}
