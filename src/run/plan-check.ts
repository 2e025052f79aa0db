import { maxAgeOf } from '../planfile/due.ts';
import type { PlanEntry, PlanFile } from '../planfile/plan-file.ts';
import { warningsOf } from '../planfile/warnings.ts';
import { keepWords, selectWords } from '../planfile/words.ts';
import { type Column, formatRows } from '../text/rows.ts';
import type { Context } from './context.ts';
import { loadPlan } from './plan-file.ts';

const columns: readonly Column<PlanEntry>[] = [
  { name: 'name', value: ({ name }) => name },
  { name: 'select', value: ({ selectors }) => selectors.map(selectWords).join(', ') },
  { name: 'kinds', value: ({ kinds }) => kinds.join(', ') },
  { name: 'also', value: ({ also }) => (also ? 'yes' : '') },
  { name: 'method', value: ({ method }) => method },
  { name: 'max-chain', value: ({ maxChain }) => maxChain },
  { name: 'every', value: ({ every }) => every },
  { name: 'max-age', value: maxAgeOf },
  { name: 'keep', value: ({ keep }) => keepWords(keep) },
];

/** Checks a plan file, and tells what it means. */
export async function checkPlan(context: Context, given: { readonly plan: string }) {
  const { host } = context;
  const plan = await loadPlan(context, given.plan);
  const warnings = warningsOf(plan, host.clock.now(), host.github?.here.retentionDays);
  for (const warning of warnings) host.log.warn(warning);
  const entries = plan.entries.map((entry) =>
    Object.fromEntries(columns.map(({ name, value }) => [name, value(entry)])),
  );
  return {
    outputs: { entries: JSON.stringify(entries), warnings: JSON.stringify(warnings) },
    failed: false,
    printed: [`${given.plan}: ${sentence(plan)}\n`, formatRows(plan.entries, columns, 'table')].join(''),
  };
}

/** What holds for all entries. */
function sentence({
  cloud,
  project,
  region,
  zone,
  publish,
  recipients,
  store,
  exclusions,
}: PlanFile): string {
  return [
    `project ${project}`,
    ...(cloud === undefined ? [] : [`cloud ${cloud}`]),
    ...(region === undefined ? [] : [`region ${region}`]),
    `days of ${zone}`,
    publish.length === 0 ? 'manifests go where commands put them' : `manifests go to ${publish.join(', ')}`,
    store === undefined ? 'no data leaves the cloud' : `data that leaves the cloud goes to ${store}`,
    ...(recipients.length === 0
      ? []
      : [`sealed to ${recipients.length} recipient${recipients.length === 1 ? '' : 's'}`]),
    ...(exclusions.length === 0
      ? []
      : [`${exclusions.length} exclusion${exclusions.length === 1 ? '' : 's'}`]),
  ].join('; ');
}
