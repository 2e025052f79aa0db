import { storeByHand } from '../../../drill/by-hand/bytes.ts';
import { programsIn } from '../../../drill/by-hand/tools.ts';
import { drillBytes } from '../../../drill/bytes.ts';
import { storedParts } from '../../../drill/candidates.ts';
import { GIB } from '../../../text/bytes.ts';
import type { Drilling, Trial } from '../level.ts';
import { atHand } from './at-hand.ts';
import { blaming } from './blame.ts';
import { followed } from './followed.ts';
import { toldByHand } from './told.ts';

/** `bytes`, by hand: what is in the store is compared and opened by the commands of `RESTORE.md`. */
export async function bytesByHand(drilling: Drilling): Promise<Trial> {
  const { commands } = await followed(drilling);
  const parts = storedParts(drilling.subject);
  const payloads = parts.flatMap(({ whole }) => whole ?? []);
  const programs = programsIn(commands.before);
  const work = await atHand(drilling, payloads, programs);
  const gigabytes = payloads.reduce((sum, { size }) => sum + size, 0) / GIB;
  return {
    show: () => undefined,
    planned: undefined,
    async prove(watch, tools) {
      try {
        const finding = await blaming(drilling, payloads, () =>
          work({ gigabytes, cloud: undefined }, (hand) =>
            drillBytes(parts, storeByHand(hand, commands), tools),
          ),
        );
        return toldByHand(programs, finding);
      } finally {
        watch.lap('checked');
      }
    },
  };
}
