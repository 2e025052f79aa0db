import type { Environment } from '../environment.ts';
import type { Ledger } from '../temporaries/ledger.ts';

/**
 * The same environment, in which whatever is restored is recorded as what always goes: should the drill be killed, the
 * next run removes it although it has all its data.
 *
 * @param noted told the tag of each record before anything is made with it
 */
export function asScratch(environment: Environment, noted: (tag: string) => void = () => {}): Environment {
  const { ledger } = environment;
  const scratch: Ledger = {
    id: ledger.id,
    owner: ledger.owner,
    draft(_purpose, gigabytes) {
      const record = ledger.draft('scratch', gigabytes);
      noted(record.tag);
      return record;
    },
    unbound: (draft) => ledger.unbound(draft),
    bound: (draft, kind, id) => ledger.bound(draft, kind, id),
    bind: (draft, kind, id) => ledger.bind(draft, kind, id),
    release: (id) => ledger.release(id),
    keepUntil: (expires) => ledger.keepUntil(expires),
    close: () => ledger.close(),
  };
  return { ...environment, ledger: scratch };
}
