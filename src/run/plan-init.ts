import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { readTags } from '../chain/tags.ts';
import { InputError, messageOf } from '../errors.ts';
import type { CloudInputs } from '../inputs/cloud.ts';
import type { Session } from '../openstack/connection.ts';
import { quotasFor } from '../openstack/quotas.ts';
import { firstPlan } from '../planfile/first.ts';
import { requirePlan } from '../planfile/read.ts';
import { withoutKeysOfVolumes } from '../planfile/resource.ts';
import type { Context } from './context.ts';
import { type Project, projectOf } from './plan/project-of.ts';

/** Writes a first plan for a project. Changes nothing in the cloud. */
export async function initPlan(context: Context, given: CloudInputs & { readonly plan: string }) {
  const { host, dryRun } = context;
  const session = await context.connect(given);
  const inRepository = host.github !== undefined || isInRepository(resolve(host.directory, given.plan));
  const project = await projectOf(session, ['volumes', 'backups']);
  const text = await planOf(session, project, host.environment, inRepository);
  // Checks that we can read what we write.
  await requirePlan(text, given.plan, (line) => host.log.error(line));
  if (dryRun) return { outputs: { text }, failed: false, printed: text };
  await writeNew(resolve(host.directory, given.plan), given.plan, text);
  return {
    outputs: { file: given.plan, text },
    failed: false,
    printed: `wrote ${given.plan}. Read it, then: openstack-backup plan show ${given.plan}\n`,
  };
}

async function planOf(
  session: Session,
  { resources, holdings }: Project,
  environment: Readonly<Record<string, string | undefined>>,
  inRepository: boolean,
): Promise<string> {
  const quota = await quotasFor(session, [{ backups: 1, backup_gigabytes: 1 }]);
  const foreign = holdings.backups.filter((backup) => readTags(backup) === undefined);
  const { name } = session.config;
  return firstPlan({
    // openstacksdk's name for a cloud from environment variables is in no clouds.yaml.
    cloud: name === (environment['OS_CLOUD_NAME'] || 'envvars') ? undefined : name,
    project: session.scope.project,
    region: session.region('block-storage'),
    inRepository,
    resources: withoutKeysOfVolumes(resources),
    quota,
    foreign: { backups: foreign.length, gigabytes: foreign.reduce((sum, { size }) => sum + size, 0) },
    now: session.clock.now(),
  });
}

/** Whether Git would find a repository from there. */
function isInRepository(file: string): boolean {
  const folder = dirname(file);
  return folder !== file && (existsSync(join(folder, '.git')) || isInRepository(folder));
}

/** @throws InputError if the file exists */
async function writeNew(file: string, path: string, text: string): Promise<void> {
  try {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text, { flag: 'wx' });
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'EEXIST'
      ? new InputError(
          `${path} already exists`,
          'Name another file, or print one with `dry-run: true`. Nothing was changed.',
        )
      : new InputError(
          `cannot write ${path}: ${messageOf(error)}`,
          'Name a file that can be written.',
          error,
        );
  }
}
