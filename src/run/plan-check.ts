import { readTags } from '../chain/tags.ts';
import type { CloudInputs } from '../inputs/cloud.ts';
import { NoCloudsFile, NoCredentials } from '../openstack/config/choose.ts';
import type { Session } from '../openstack/connection.ts';
import { quotasFor } from '../openstack/quotas.ts';
import { assign } from '../planfile/assign.ts';
import { maxAgeOf } from '../planfile/due.ts';
import { quotaDoubts } from '../planfile/fits.ts';
import type { PlanEntry, PlanFile } from '../planfile/plan-file.ts';
import { warningsOf } from '../planfile/warnings.ts';
import { keepWords, selectWords } from '../planfile/words.ts';
import { type Column, formatRows } from '../text/rows.ts';
import { counted } from '../text/words.ts';
import type { Context } from './context.ts';
import { loadPlan } from './plan/file.ts';
import { connectFor } from './plan/look.ts';
import { projectOf } from './plan/project-of.ts';

const columns: readonly Column<PlanEntry>[] = [
  { name: 'name', value: ({ name }) => name },
  { name: 'select', value: ({ selectors }) => selectors.map(selectWords).join(', ') },
  { name: 'kinds', value: ({ kinds }) => kinds.join(', ') },
  { name: 'also', value: ({ also }) => (also ? 'yes' : '') },
  { name: 'method', value: ({ method }) => method },
  { name: 'max-chain', value: ({ maxChain }) => maxChain },
  { name: 'raw', value: ({ raw }) => (raw ? 'yes' : '') },
  { name: 'every', value: ({ every }) => every },
  { name: 'max-age', value: maxAgeOf },
  { name: 'consistency', value: ({ consistency }) => consistency },
  { name: 'keep', value: ({ keep }) => keepWords(keep) },
];

/** Checks a plan file, and says what it means. */
export async function checkPlan(
  context: Context,
  given: CloudInputs & { readonly plan: string; readonly offline: boolean },
) {
  const { host } = context;
  const plan = await loadPlan(context, given.plan);
  const warnings = [
    ...warningsOf(plan, host.clock.now(), host.github?.here.retentionDays),
    ...(given.offline ? [] : await askCloud(context, given, plan)),
  ];
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

/**
 * Checks what only the cloud knows; nothing without credentials.
 *
 * @throws InputError for credentials of another project
 */
async function askCloud(context: Context, given: CloudInputs, plan: PlanFile): Promise<string[]> {
  let session: Session;
  try {
    session = await connectFor(context, given, plan);
  } catch (error) {
    const { cloud } = given;
    // A cloud that only the plan names need not be configured on the machine that checks it.
    const isNamed = cloud !== undefined || Boolean(context.host.environment['OS_CLOUD']);
    if (!(error instanceof NoCredentials || (error instanceof NoCloudsFile && !isNamed))) throw error;
    context.host.log.info('no credentials, so no cloud was asked whether its quota is enough');
    return [];
  }
  const { resources, holdings } = await projectOf(session, ['volumes', 'backups']);
  const now = session.clock.now();
  const { assignments, doubts } = assign(plan, resources, now);
  const quota = await quotasFor(session, [{ backups: 1, backup_gigabytes: 1 }]);
  const foreign = holdings.backups.filter((backup) => readTags(backup) === undefined);
  const gigabytes = foreign.reduce((sum, { size }) => sum + size, 0);
  return [...doubts, ...quotaDoubts(plan, assignments, quota, { backups: foreign.length, gigabytes }, now)];
}

/** What applies to all entries. */
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
    `days in ${zone}`,
    publish.length === 0
      ? 'manifests go to the default place of the command'
      : `manifests go to ${publish.join(', ')}`,
    store === undefined ? 'no data leaves the cloud' : `data that leaves the cloud goes to ${store}`,
    ...(recipients.length === 0 ? [] : [`sealed to ${counted(recipients.length, 'recipient')}`]),
    ...(exclusions.length === 0 ? [] : [counted(exclusions.length, 'exclusion')]),
  ].join('; ');
}
