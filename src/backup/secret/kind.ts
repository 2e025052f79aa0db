import type { SavingKind } from '../kind.ts';
import { findKeys, type WantedKey } from './choose.ts';
import { planKeys, type SecretBackupWishes } from './plan.ts';
import { saveSecret } from './save.ts';
import { nameOfKey, plannedKey, showKeys, toldKey } from './show.ts';

export const secrets: SavingKind<SecretBackupWishes, WantedKey> = {
  doing: 'saving keys',
  adopts: false,
  async plan(session, wishes) {
    const { keys, refused } = await planKeys(session, await findKeys(session, wishes));
    return {
      holdings: undefined,
      wanted: keys.map((key) => ({ what: key, savedAt: undefined, parts: [], meanwhile: {} })),
      refused: refused.map(({ key, error }) => ({ subject: subjectOf(key), error })),
    };
  },
  subjectOf,
  gigabytesOf: () => 0,
  show: showKeys,
  planned: plannedKey,
  refusal: (subject) => `${nameOfKey(subject)} cannot be saved`,
  async begin(environment, { payloads, plaintext }) {
    return async function* save({ id, usedBy }) {
      const { point } = await saveSecret(id, usedBy, environment, payloads, plaintext);
      yield point;
    };
  },
  told: toldKey,
};

function subjectOf({ id, name }: WantedKey) {
  return { kind: 'secret', id, name } as const;
}
