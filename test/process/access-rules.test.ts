import { expect, it, jest } from '@jest/globals';
import { proveRows } from '../support/access-rules/prove.ts';
import { allRows, sampleRows } from '../support/access-rules/rows.ts';
import { documentedRules } from '../support/access-rules/rules.ts';

jest.setTimeout(120_000);

// The others are test/embedded's.
proveRows(sampleRows);

it('the access rules of an application credential are all proved', async () => {
  const proved = allRows.flatMap((row) => row.proved);
  // What Cinder asks for itself, only a real one shows: test/cloud/access-rules.test.ts.
  const all = [...proved, 'Cinder, in your name'];
  expect(new Set(all)).toEqual(new Set((await documentedRules()).keys()));
});
