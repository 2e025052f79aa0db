import { InputError } from '../../errors.ts';
import type { OfferedFlavor } from '../../restore/server/flavor.ts';
import { quoted } from '../../text/escape.ts';

/** What the server of a drill needs. */
export interface Needed {
  /** That of the source; undefined: it was no server. */
  readonly source: { readonly id: string | null; readonly name: string } | undefined;
  /** MiB that its image says that it needs. */
  readonly ram: number;
  /** GiB of a root disk that the flavor has to give; 0: it boots from a volume. */
  readonly disk: number;
}

/**
 * The flavor that was asked for; else that of the source, if it is still there and its disk fits; else the smallest that
 * fits.
 *
 * @param wish id or name
 * @throws InputError if there is none
 */
export function flavorFor<F extends OfferedFlavor>(
  needed: Needed,
  flavors: readonly F[],
  wish: string | undefined,
): F {
  if (wish !== undefined) {
    const asked = flavors.find(({ id }) => id === wish) ?? flavors.find(({ name }) => name === wish);
    if (asked === undefined)
      throw new InputError(`there is no flavor ${quoted(wish)}`, `There are: ${namesOf(flavors)}.`);
    const lacks = lackOf(asked, needed);
    if (lacks === undefined) return asked;
    throw new InputError(`flavor ${quoted(asked.name)} ${lacks}`, 'Choose a larger one.');
  }
  const { source } = needed;
  const same =
    flavors.find(({ id }) => id === source?.id) ?? flavors.find(({ name }) => name === source?.name);
  if (same !== undefined && lackOf(same, needed) === undefined) return same;
  const [smallest] = flavors.filter((flavor) => lackOf(flavor, needed) === undefined).sort(bySize);
  if (smallest !== undefined) return smallest;
  throw new InputError(
    `no flavor fits: the server needs ${needed.ram} MiB of memory, and a root disk of ${needed.disk} GiB`,
    `Ask the operator for one. There are: ${namesOf(flavors)}.`,
  );
}

/** A flavor without a disk takes the size of the image. */
function lackOf({ ram, disk }: OfferedFlavor, needed: Needed): string | undefined {
  if (ram < needed.ram) return `has ${ram} MiB of memory, but the image needs ${needed.ram}`;
  if (disk > 0 && disk < needed.disk) return `has a root disk of ${disk} GiB, but ${needed.disk} are needed`;
  return undefined;
}

function namesOf(flavors: readonly OfferedFlavor[]): string {
  return flavors.map(({ name }) => name).join(', ') || 'none';
}

function bySize(a: OfferedFlavor, b: OfferedFlavor): number {
  return a.ram - b.ram || a.vcpus - b.vcpus || a.disk - b.disk;
}
