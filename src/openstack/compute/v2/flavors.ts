import { field, foreignId, integer, type Json, optionalInteger, strings, text } from '../../../decode.ts';
import type { ServiceClient } from '../../connection.ts';
import { itemsOf } from '../../items.ts';
import { pages } from '../../pages.ts';

// https://docs.openstack.org/api-ref/compute/#flavors

export interface FlavorValues {
  readonly name: string;
  readonly vcpus: number;
  /** MiB. */
  readonly ram: number;
  /** GiB; 0 for the size of the image. */
  readonly disk: number;
  /** GiB. */
  readonly ephemeral: number;
  /** MiB. */
  readonly swap: number;
  readonly extraSpecs: Readonly<Record<string, string>>;
}

export interface Flavor extends FlavorValues {
  readonly id: string;
}

/** The flavors that the project may use, with their extra specs from 2.61. */
export function listFlavors(client: ServiceClient): AsyncGenerator<Flavor[]> {
  return pages('flavors', (page) =>
    client.call({
      doing: 'list the flavors',
      method: 'GET',
      path: '/flavors/detail',
      query: page,
      ok: [200],
      decode: (answer) => ({
        ...itemsOf(client, answer, 'flavors', 'flavor', decodeFlavor),
        more: answer['flavors_links'] !== undefined,
      }),
    }),
  );
}

/** @throws CloudError 404 also for a deleted flavor that servers still use */
export function getFlavor(client: ServiceClient, flavorId: string): Promise<Flavor> {
  return client.call({
    doing: `read flavor ${flavorId}`,
    method: 'GET',
    path: `/flavors/${encodeURIComponent(flavorId)}`,
    ok: [200],
    decode: (answer) => decodeFlavor(field(answer, 'flavor')),
  });
}

function decodeFlavor(flavor: Json): Flavor {
  return {
    id: foreignId(flavor, 'id'),
    ...valuesOf(flavor, 'name'),
    ephemeral: optionalInteger(flavor, 'OS-FLV-EXT-DATA:ephemeral') ?? 0,
  };
}

/** A server's own copy of its flavor's values, from 2.47. */
export function decodeEmbeddedFlavor(flavor: Json): FlavorValues {
  return { ...valuesOf(flavor, 'original_name'), ephemeral: optionalInteger(flavor, 'ephemeral') ?? 0 };
}

function valuesOf(flavor: Json, name: string): Omit<FlavorValues, 'ephemeral'> {
  return {
    name: text(flavor, name),
    vcpus: integer(flavor, 'vcpus'),
    ram: integer(flavor, 'ram'),
    disk: integer(flavor, 'disk'),
    // Before 2.75 no swap is an empty string.
    swap: flavor['swap'] === '' ? 0 : (optionalInteger(flavor, 'swap') ?? 0),
    extraSpecs: strings(flavor, 'extra_specs'),
  };
}
