import { expect, test } from '@jest/globals';
import type { Duty } from '../../../src/planfile/due.ts';
import { duePartsOf } from '../../../src/planfile/parts.ts';
import type { PlanEntry } from '../../../src/planfile/plan-file.ts';
import type { Resource } from '../../../src/planfile/resource.ts';

const [one, other] = ['one', 'other'].map((name) => ({ name })) as [PlanEntry, PlanEntry];
const duty = (kind: Resource['kind'], id: string, more: Partial<Duty> = {}): Duty => ({
  resource: { kind, id } as Resource,
  entry: one,
  due: true,
  newest: undefined,
  reason: '',
  within: undefined,
  ...more,
});

test('entry by entry, servers before volumes, and nothing twice', () => {
  const server = duty('server', 's');
  const duties = [
    duty('secret', 'k'),
    duty('volume', 'v', { entry: other }),
    duty('volume', 'v'),
    duty('volume', 'disk', { within: server.resource }),
    duty('volume', 'late', { due: false }),
    duty('image', 'i'),
    server,
  ];
  const parts = duePartsOf(duties, [one, other]);
  expect(
    parts.map(({ entry, kind, duties: of }) => [entry.name, kind, ...of.map(({ resource }) => resource.id)]),
  ).toEqual([
    ['one', 'server', 's'],
    ['one', 'volume', 'v'],
    ['one', 'image', 'i'],
    ['one', 'secret', 'k'],
    ['other', 'volume', 'v'],
  ]);
});
