import { messageOf } from '../../errors.ts';
import type { Log } from '../../openstack/log.ts';
import { type Pending, readSpool } from './pending.ts';
import { publishFiles } from './release.ts';
import type { GitHub } from './services.ts';

/**
 * Brings to its end what the step could not publish itself. Never throws: a post step must not fail a job whose work
 * succeeded, and what it cannot do is told.
 */
export async function finishPending(github: GitHub, pending: Pending, log: Log): Promise<void> {
  const what = pending.place === 'artifact' ? `artifact ${pending.name}` : `release ${pending.tag}`;
  try {
    const files = await readSpool(pending.file);
    if (pending.place === 'artifact') {
      if (files === undefined) return;
      await github.artifacts.upload(pending.name, files, pending.days);
    } else if (files === undefined) {
      await removeDraft(github, pending.release);
      return;
    } else await publishFiles(github.releases, pending.release, files);
    log.info(`${what}: the step was cut short, and what it had saved is published now`);
  } catch (error) {
    if (pending.place === 'artifact' && isThere(error)) return;
    log.warn(
      `${what} could not be published: ${messageOf(error)}. The backups in the cloud are whole; \`restore-volume\` with \`backup\` restores them without it`,
    );
  }
}

/** The step was killed between the upload and its note. */
function isThere(error: unknown): boolean {
  return /\(409\)|conflict|already exists/i.test(messageOf(error));
}

/** Nothing was saved: an empty draft is of no use. */
async function removeDraft({ releases }: GitHub, id: number): Promise<void> {
  if ((await releases.get(id)).draft) await releases.remove(id);
}
