import { InputError } from '../../errors.ts';
import type { SavedPort, SavedServer } from '../../manifest/schema.ts';
import { groupsOf, sharedGroups } from '../../manifest/shared-groups.ts';
import type { SecurityGroup } from '../../openstack/network/v2/security-groups.ts';
import { quoted } from '../../text/escape.ts';
import type { Mapping } from './mapping.ts';

export interface GroupsPlan {
  /** Names, which Nova gives to every port that it makes. */
  readonly names: readonly string[];
  /** Ids of a port's own groups; undefined if those are the same on all ports. */
  ofPort(port: SavedPort): readonly string[] | undefined;
  readonly missing: readonly string[];
}

/**
 * The security groups of a server: those of all its ports (see sharedGroups), then each port's own.
 *
 * @throws InputError if `map` names one that does not exist
 */
export function planGroups(
  saved: Pick<SavedServer, 'ports' | 'securityGroups'>,
  offered: readonly SecurityGroup[],
  mapping: Mapping,
): GroupsPlan {
  const find = (name: string | null, id?: string) => {
    const wish = mapping.of('security-group', name, id ?? null);
    const found =
      offered.find((group) => group.id === (wish ?? id)) ??
      offered.find((group) => group.name === (wish ?? name));
    if (found !== undefined || wish === undefined) return found;
    throw new InputError(
      `there is no security group ${quoted(wish)}`,
      `There are: ${offered.map((group) => group.name).join(', ') || 'none'}.`,
    );
  };
  const { shared, differ } = sharedGroups(saved);
  return {
    names: [...new Set(shared.flatMap(({ name, id }) => find(name, id)?.name ?? []))],
    ofPort: ({ portSecurity, securityGroups }) =>
      differ && portSecurity ? securityGroups.flatMap(({ id, name }) => find(name, id)?.id ?? []) : undefined,
    missing: groupsOf(saved)
      .filter(({ name, id }) => find(name, id) === undefined)
      .map(({ name, id }) => `security group ${quoted(name ?? id ?? '')}: there is none of that name`),
  };
}
