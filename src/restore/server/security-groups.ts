import { InputError } from '../../errors.ts';
import type { SavedPort, SavedServer } from '../../manifest/schema.ts';
import type { SecurityGroup } from '../../openstack/network/v2/security-groups.ts';
import { quoted } from '../../text/escape.ts';
import type { Mapping } from './mapping.ts';

export interface GroupsPlan {
  /** Names, which Nova gives to every port that it makes. */
  readonly names: readonly string[];
  /** Ids of a port's own groups; undefined where those are the same on all ports. */
  ofPort(port: SavedPort): readonly string[] | undefined;
  readonly missing: readonly string[];
}

/**
 * The security groups of a server. Nova gives all its ports the same; where they had not, it is asked for those that all
 * had in common, so that no port lets in more than it did, and each port gets its own afterwards. Without any, Nova takes
 * the default one, which lets nothing in.
 *
 * @throws InputError when `map` names one that is not there
 */
export function planGroups(
  { ports, securityGroups }: Pick<SavedServer, 'ports' | 'securityGroups'>,
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
  const idOf = new Map(ports.flatMap((port) => port.securityGroups).map(({ id, name }) => [name, id]));
  const byName = (name: string) => find(name, idOf.get(name));
  const missing = securityGroups
    .filter((name) => byName(name) === undefined)
    .map((name) => `security group ${quoted(name)}: there is none of that name`);
  const had = ports.filter(({ portSecurity }) => portSecurity).map(idsOf);
  if (new Set(had.map((ids) => ids.join())).size < 2)
    return { names: namesOf(securityGroups.map(byName)), ofPort: () => undefined, missing };
  const [first] = ports.filter(({ portSecurity }) => portSecurity);
  const common = first?.securityGroups.filter(({ id }) => had.every((ids) => ids.includes(id))) ?? [];
  return {
    names: namesOf(common.map(({ id, name }) => find(name, id))),
    ofPort: (port) =>
      port.portSecurity ? port.securityGroups.flatMap(({ id, name }) => find(name, id)?.id ?? []) : undefined,
    missing,
  };
}

function idsOf({ securityGroups }: SavedPort): string[] {
  return securityGroups.map(({ id }) => id).sort();
}

function namesOf(groups: readonly (SecurityGroup | undefined)[]): string[] {
  return [...new Set(groups.flatMap((group) => group?.name ?? []))];
}
