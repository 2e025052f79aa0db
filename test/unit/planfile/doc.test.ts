import { readFile } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import { readPlan } from '../../../src/planfile/read.ts';
import { warningsOf } from '../../../src/planfile/warnings.ts';

const page = await readFile(new URL('../../../docs/plan.md', import.meta.url), 'utf8');

test('the plan of docs/plan.md is one, and nothing in it is doubtful', async () => {
  const [, text = ''] = /```yaml\n(.*?)```/s.exec(page) ?? [];
  const { plan, problems } = await readPlan(text);
  expect(problems).toEqual([]);
  expect(plan?.entries.map(({ name }) => name)).toEqual(['databases', 'off-site', 'everything else']);
  expect(plan && warningsOf(plan, Date.parse('2026-11-26T00:00:00Z'), undefined)).toEqual([]);
});

test('the plan of the examples is one, keeps manifests as long as backups, and nothing in it is doubtful', async () => {
  const text = await readFile(new URL('../../../examples/openstack-backup.yml', import.meta.url), 'utf8');
  const { plan, problems } = await readPlan(text);
  expect(problems).toEqual([]);
  expect(plan?.publish).toEqual(['release']);
  expect(plan && warningsOf(plan, Date.parse('2026-11-26T00:00:00Z'), undefined)).toEqual([]);
});

test('every key of the schema stands on the page', async () => {
  const schema = await readFile(new URL('../../../docs/plan-v1.schema.json', import.meta.url), 'utf8');
  const keys = [...schema.matchAll(/^ +"([a-z-]+)": \{\n +"(?:description|type|minimum|anyOf)/gm)].map(
    ([, key]) => key,
  );
  expect(keys.length).toBeGreaterThan(30);
  const missing = keys.filter(
    (key) =>
      !page.includes(`\`${key}\``) &&
      !page.includes(`${key}:`) &&
      !/^within-/.test(key ?? '') &&
      key !== 'items',
  );
  expect(missing).toEqual([]);
});
