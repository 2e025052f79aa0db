import type { KeyObject } from 'node:crypto';
import { InputError } from '../../errors.ts';
import type { Sealer } from '../../keys/age.ts';
import { ARTIFACT_PREFIX } from '../../manifest/files.ts';
import type { GitHub } from '../../ports/github.ts';
import type { Publisher } from '../publisher.ts';
import { type Pending, Spool } from './pending.ts';

/** Unique in the repository: no attempt or step takes another's name. */
export function artifactName({ here }: GitHub, run: { readonly id: string }): string {
  return `${ARTIFACT_PREFIX}${here.runId}-${here.attempt}-${run.id.slice(0, 8)}`;
}

/** @throws InputError if this step cannot upload one */
export function checkArtifacts({ artifacts }: GitHub): void {
  if (artifacts.problem !== undefined) throw new InputError(artifacts.problem.what, artifacts.problem.hint);
}

/**
 * Publishes the manifest as an artifact of this run. Artifacts are immutable, so it is uploaded once, at the end, and
 * waits on disk until then.
 */
export async function artifactPublisher(
  github: GitHub,
  options: {
    readonly run: { readonly id: string };
    readonly signKey: KeyObject | undefined;
    readonly sealer: Sealer | undefined;
    readonly days: number;
  },
): Promise<Publisher> {
  checkArtifacts(github);
  const name = artifactName(github, options.run);
  const spool = new Spool(await github.scratch(), 'artifact', options.signKey, options.sealer);
  return {
    lasts: 'when published',
    async prepare() {
      const pending: Pending = { place: 'artifact', name, days: options.days, file: spool.file };
      github.remember('pending-artifact', JSON.stringify(pending));
    },
    keep: (entries, manifest) => spool.keep(entries, manifest),
    async finish(manifest) {
      const { files, sha256 } = await spool.write(manifest);
      const { id } = await github.artifacts.upload(name, files, options.days);
      github.remember('pending-artifact', '');
      await spool.remove();
      return { path: `artifact:${github.here.runId}/${name}`, sha256, artifactId: id };
    },
  };
}
