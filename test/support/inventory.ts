import type { Inventory } from '../../src/catalog/inventory.ts';
import { manifestWith } from './points.ts';

/** The cloud that the manifests of `manifestWith` are of. */
export function inventory(fields: Partial<Inventory> = {}): Inventory {
  return {
    cloud: manifestWith().cloud,
    at: 0,
    backups: [],
    images: [],
    snapshots: undefined,
    volumes: undefined,
    servers: undefined,
    secrets: undefined,
    unknown: {},
    failed: [],
    ...fields,
  };
}
