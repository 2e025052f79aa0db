import type { PayloadStore } from '../../payload/store.ts';
import type { Commands } from '../../runbook/commands.ts';
import type { Hand } from './hand.ts';

/** A store whose payloads are compared and opened by the commands of `RESTORE.md`. */
export function storeByHand(hand: Hand, commands: Commands): Pick<PayloadStore, 'open'> {
  return {
    async open(payload) {
      await hand.run([...commands.before, ...commands.comparing(payload)]);
      return hand.open(commands.before, commands.opening(payload));
    },
  };
}
