import { id, optionalText } from '../../../decode.ts';
import type { ServiceClient } from '../../connection.ts';
import { collection } from './pages.ts';

// https://docs.openstack.org/api-ref/network/v2/#security-groups-security-groups

export interface SecurityGroup {
  readonly id: string;
  readonly name: string;
}

export function listSecurityGroups(client: ServiceClient): AsyncGenerator<SecurityGroup[]> {
  return collection(client, 'security groups', '/security-groups', 'security_groups', {}, (group) => ({
    id: id(group, 'id'),
    name: optionalText(group, 'name') ?? '',
  }));
}
