import { field, flag, integer, type Json, optionalText, text } from '../../../decode.ts';
import type { ServiceClient } from '../../connection.ts';
import { hasStatus } from '../../errors.ts';
import { itemsOf } from '../../items.ts';

// https://docs.openstack.org/api-ref/image/v2/#quota-usage

export interface Allotment {
  readonly used: number;
  /** -1: unlimited. */
  readonly max: number;
}

export interface ImageLimits {
  /** MiB of all images. */
  readonly size: Allotment | undefined;
  readonly images: Allotment | undefined;
  /** Images whose data is on its way. */
  readonly uploading: Allotment | undefined;
}

/**
 * Quota and use of the project. All undefined if the cloud keeps none in Keystone (`use_keystone_limits`, off by
 * default): Glance then has one limit for all projects, and does not show it.
 */
export function getImageLimits(client: ServiceClient): Promise<ImageLimits> {
  return optional(NO_LIMITS, () =>
    client.call({
      doing: "read the project's quota of images",
      method: 'GET',
      path: '/info/usage',
      ok: [200],
      decode: (answer) => {
        const usage = field(answer, 'usage');
        return {
          size: allotment(usage, 'image_size_total'),
          images: allotment(usage, 'image_count_total'),
          uploading: allotment(usage, 'image_count_uploading'),
        };
      },
    }),
  );
}

const NO_LIMITS: ImageLimits = { size: undefined, images: undefined, uploading: undefined };

function allotment(usage: Json, key: string): Allotment | undefined {
  if (usage[key] === undefined) return undefined;
  const one = field(usage, key);
  return { used: integer(one, 'usage'), max: integer(one, 'limit') };
}

export interface Store {
  readonly id: string;
  readonly description: string;
  readonly default: boolean;
}

/** The stores that a user may choose from; empty if the cloud has one only. */
export function listStores(client: ServiceClient): Promise<Store[]> {
  return optional([], () =>
    client.call({
      doing: 'list the image stores',
      method: 'GET',
      path: '/info/stores',
      ok: [200],
      decode: (answer) =>
        itemsOf(client, answer, 'stores', 'image store', (store) => ({
          id: text(store, 'id'),
          description: optionalText(store, 'description') ?? '',
          default: flag(store, 'default'),
        })).items,
    }),
  );
}

/** Older clouds, and those with one store, do not have this endpoint. */
async function optional<T>(without: T, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (hasStatus(error, 403, 404)) return without;
    throw error;
  }
}
