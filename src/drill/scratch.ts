import type { Environment } from '../environment.ts';
import type { Ledger } from '../temporaries/ledger.ts';

/**
 * The same environment, in which whatever is restored is recorded as what always goes: should the drill be killed, the
 * next run removes it although it has all its data.
 */
export function asScratch(environment: Environment): Environment {
  const { ledger } = environment;
  const scratch: Ledger = {
    id: ledger.id,
    owner: ledger.owner,
    draft: (_purpose, gigabytes) => ledger.draft('scratch', gigabytes),
    unbound: (draft) => ledger.unbound(draft),
    bound: (draft, kind, id) => ledger.bound(draft, kind, id),
    bind: (draft, kind, id) => ledger.bind(draft, kind, id),
    release: (id) => ledger.release(id),
    close: () => ledger.close(),
  };
  return { ...environment, ledger: scratch };
}
