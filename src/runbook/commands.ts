import type { Manifest, Payload } from '../manifest/schema.ts';
import { blocksOf } from './blocks.ts';
import { opened, payloadChecks } from './shell.ts';

/** The commands of a runbook, in parts that can be carried out one after another. */
export interface Commands {
  /** What comes before all sections and needs no cloud. */
  readonly before: readonly string[];
  /** What comes then, and does. */
  readonly cloud: readonly string[];
  /** Restores a restore point. @throws TypeError if it has no section */
  restoring(pointId: string): string;
  /**
   * Compares a payload with the manifest, as it lies in the store and opened: how its section begins.
   *
   * @throws TypeError if that section does not begin so
   */
  comparing(payload: Payload): readonly string[];
  /** Prints the plain bytes of a payload, as its section does. */
  opening(payload: Payload): string;
}

/**
 * @param text of the runbook, made from this very manifest
 * @throws TypeError if it is none
 */
export function commandsIn(text: string, { restorePoints }: Manifest): Commands {
  const blocks = blocksOf(text);
  const all = blocks.filter(({ section }) => section === 0).map(({ commands }) => commands);
  const restoring = (at: number): string => {
    const block = blocks.find(({ section }) => section === at + 1);
    if (at < 0 || block === undefined) throw new TypeError('the runbook has no section of it');
    return block.commands;
  };
  return {
    before: all.slice(0, -1),
    cloud: all.slice(-1),
    restoring: (pointId) => restoring(restorePoints.findIndex(({ id }) => id === pointId)),
    comparing(payload) {
      const at = restorePoints.findIndex(
        (point) => 'payload' in point && point.payload?.name === payload.name,
      );
      const checks = payloadChecks(payload);
      if (!`${restoring(at)}\n`.startsWith(`${checks.join('\n')}\n`))
        throw new TypeError(`section ${at + 1} of the runbook does not begin with its checks`);
      return checks;
    },
    opening: opened,
  };
}
