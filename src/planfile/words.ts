import type { Selector } from '../plan/select.ts';
import type { Exclusion, Keep } from './plan-file.ts';

/** A selector as a plan writes it. */
export function selectWords(selector: Selector): string {
  switch (selector.kind) {
    case 'all':
      return 'all';
    case 'metadata':
      return `metadata:${selector.key}${selector.value === undefined ? '' : `=${selector.value}`}`;
    case 'name':
      return `name:${selector.pattern}`;
    case 'one':
      return selector.nameOrId;
  }
}

/** "rebuilt by CI, until 2027-06-30". */
export function exclusionWords({ reason, until }: Exclusion): string {
  return `${reason}${until === undefined ? '' : `, until ${until}`}`;
}

/** "daily 14, weekly 8; at least 2". */
export function keepWords(keep: Keep | undefined): string {
  if (keep === undefined) return 'everything';
  const { tags = [], ...counted } = keep.policy;
  const rules = [
    ...Object.entries(counted).map(
      ([name, value]) => `${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} ${value}`,
    ),
    ...tags.map((list) => `tag ${list.join('+')}`),
  ];
  return `${rules.join(', ')}; at least ${keep.minCopies}`;
}
