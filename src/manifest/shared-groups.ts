import type { SavedServer } from './schema.ts';

type Groups = Pick<SavedServer, 'ports' | 'securityGroups'>;

export interface SavedGroup {
  readonly name: string | null;
  /** Unknown if Neutron could not be asked. */
  readonly id?: string;
}

/** All security groups of a server. */
export function groupsOf({ ports, securityGroups }: Groups): readonly SavedGroup[] {
  const known = ports.flatMap((port) => port.securityGroups);
  return securityGroups.map((name) => known.find((group) => group.name === name) ?? { name });
}

/**
 * The security groups that a new server's ports begin with. Nova gives all ports the same groups; if they differed,
 * each begins with those that all had in common, so that no port ever lets in more than before. Without any, Nova takes
 * the default group, which lets nothing in.
 *
 * @returns in `differ`, whether each port must be given its own groups afterwards
 */
export function sharedGroups(saved: Groups): {
  readonly shared: readonly SavedGroup[];
  readonly differ: boolean;
} {
  const had = saved.ports
    .filter(({ portSecurity }) => portSecurity)
    .map(({ securityGroups }) => securityGroups);
  const [first = []] = had;
  const common = first.filter(({ id }) => had.every((groups) => groups.some((group) => group.id === id)));
  const differ = had.some((groups) => groups.length !== common.length);
  return { shared: differ ? common : groupsOf(saved), differ };
}
