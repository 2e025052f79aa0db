import { flag, id, text } from '../../../decode.ts';
import type { ServiceClient } from '../../connection.ts';
import { itemsOf } from '../../items.ts';
import { pages } from '../../pages.ts';

// https://docs.openstack.org/api-ref/block-storage/v3/#volume-types-types

export interface VolumeType {
  readonly id: string;
  readonly name: string;
  readonly public: boolean;
}

/** The volume types that the project may use. Cinder shows their encryption to administrators only. */
export async function listVolumeTypes(client: ServiceClient): Promise<VolumeType[]> {
  const types: VolumeType[] = [];
  const all = pages('volume types', (page) =>
    client.call({
      doing: 'list the volume types',
      method: 'GET',
      path: '/types',
      query: page,
      ok: [200],
      decode: (answer) => ({
        ...itemsOf(client, answer, 'volume_types', 'volume type', (type) => ({
          id: id(type, 'id'),
          name: text(type, 'name'),
          public: flag(type, 'is_public'),
        })),
        more: answer['volume_type_links'] !== undefined,
      }),
    }),
  );
  for await (const page of all) types.push(...page);
  return types;
}
