import { field, flag, text } from '../decode.ts';
import type { ServiceClient } from './connection.ts';
import { itemsOf } from './items.ts';

// https://docs.openstack.org/api-ref/compute/#availability-zones-os-availability-zone
// https://docs.openstack.org/api-ref/block-storage/v3/#availability-zones-os-availability-zone

/** The names of the zones in which servers or volumes can be made; Nova and Cinder answer alike. */
export function listAvailabilityZones(client: ServiceClient): Promise<string[]> {
  return client.call({
    doing: 'list the availability zones',
    method: 'GET',
    path: '/os-availability-zone',
    ok: [200],
    decode: (answer) =>
      itemsOf(client, answer, 'availabilityZoneInfo', 'availability zone', (zone) => ({
        name: text(zone, 'zoneName'),
        available: flag(field(zone, 'zoneState'), 'available'),
      })).items.flatMap(({ name, available }) => (available ? [name] : [])),
  });
}
