import { type Doubt, InputError } from '../../errors.ts';
import {
  ARTIFACT_PREFIX,
  ENVELOPE_FILE,
  MANIFEST_FILE,
  RUNBOOK_FILE,
  SEALED_FILE,
  SEALED_RUNBOOK_FILE,
} from '../../manifest/files.ts';
import { LARGEST_MANIFEST, sha256 } from '../../manifest/parse.ts';
import type { Artifact, Asset, GitHub, Release, WorkflowRun } from '../../ports/github.ts';
import { type Candidate, listed, newestWanted, readOnly } from '../newest.ts';
import { type FoundManifest, foundIn, type Read } from '../read.ts';
import type { FindOptions } from '../search.ts';
import { refuseCommit, refuseRun } from './provenance.ts';
import { unzip } from './unzip.ts';

export interface Search extends FindOptions {
  readonly github: GitHub;
}

/** Sealing and packing add a little to the manifest. */
const LARGEST_FILE = LARGEST_MANIFEST + 1024 * 1024;
/** The archive also holds the runbook, which is seldom unpacked. */
export const LARGEST_ARCHIVE = 4 * LARGEST_MANIFEST;
/**
 * The manifest among the artifacts of a run.
 *
 * @param names the artifacts to read, if the run has others too
 * @throws InputError if the run cannot be trusted, or an artifact is missing
 */
export async function fromArtifacts(
  id: number,
  names: readonly string[] | undefined,
  search: Search,
): Promise<Read> {
  const { github } = search;
  const [repository, run] = [await github.repository(), await github.runs.get(id)];
  const branch = search.branch ?? repository.defaultBranch;
  const doubt =
    refuseRun(run, repository, github.here, { workflow: search.workflow, branch }) ??
    (await refuseCommit(run, github, branch));
  if (doubt !== undefined) throw new InputError(`run ${id} ${doubt.what}`, doubt.hint);
  const all = await github.artifacts.of(id);
  const ours = all.filter(({ name }) => names?.includes(name) ?? name.startsWith(ARTIFACT_PREFIX));
  const missing =
    names?.find((name) => !ours.some((artifact) => artifact.name === name)) ??
    (ours.length === 0 ? `${ARTIFACT_PREFIX}…` : undefined);
  if (missing !== undefined)
    throw new InputError(
      `run ${id} has no artifact ${missing}`,
      `It has: ${all.map((artifact) => artifact.name).join(', ') || 'none'}. Artifacts are deleted some time after they expire.`,
    );
  const candidates = ours.map((artifact) => artifactCandidate(artifact, run, search));
  const [only] = candidates;
  if (only !== undefined && candidates.length === 1) return readOnly(only, search);
  return newestWanted(listed(candidates), {
    ...search,
    among: () => `the ${ours.length} artifacts of run ${id}`,
    hint: () => `They are: ${ours.map((artifact) => artifact.name).join(', ')}.`,
  });
}

/** @throws InputError if there is no such release, or it cannot be trusted */
export async function fromRelease(tag: string, search: Search): Promise<Read> {
  const release = await search.github.releases.byTag(tag);
  if (release === undefined)
    throw new InputError(
      `there is no release ${tag} in ${search.github.here.repository}`,
      'A draft does not count. Check the tag on the releases page of the repository.',
    );
  return readOnly(releaseCandidate(release, search), search);
}

export function artifactCandidate(artifact: Artifact, run: WorkflowRun, search: Search): Candidate {
  return {
    reference: `artifact:${run.id}/${artifact.name}`,
    // An artifact of an earlier attempt is older than the start of the last one.
    within: { from: artifact.created < run.started ? run.created : run.started, until: artifact.created },
    time: artifact.created,
    load: () => loadArtifact(artifact, run, search),
  };
}

async function loadArtifact(
  artifact: Artifact,
  run: WorkflowRun,
  search: Search,
): Promise<FoundManifest | Doubt> {
  const { github, cache } = search;
  const again = 'Use another run. Without a manifest, `backup` takes the id of a Cinder backup.';
  if (artifact.expired)
    return {
      what: `expired${artifact.expires === undefined ? '' : ` on ${artifact.expires.slice(0, 10)}`}`,
      hint: again,
    };
  if (artifact.size > LARGEST_ARCHIVE)
    return { what: `has ${artifact.size} bytes, more than any manifest`, hint: again };
  try {
    const bytes = await cache.get(artifact.sha256, () =>
      github.artifacts.download(artifact.id, LARGEST_ARCHIVE),
    );
    const digest = sha256(bytes);
    if (artifact.sha256 !== undefined && artifact.sha256 !== digest)
      return {
        what: `was altered: its SHA-256 is ${digest}, but GitHub recorded ${artifact.sha256} at the upload`,
        hint: again,
      };
    const name = `artifact ${artifact.name} of run ${run.id}`;
    return foundIn(name, unzip(bytes, fileOf(search), LARGEST_FILE), artifact.sha256 !== undefined);
  } catch (error) {
    return unusable(error, again);
  }
}

export function releaseCandidate(release: Release, search: Search): Candidate {
  return {
    reference: `release:${release.tag}`,
    // Somebody may have drafted the release before the run: only the end is certain.
    within: { from: '', until: release.updated },
    time: release.updated,
    load: () => loadRelease(release, search),
  };
}

/** Anyone with write access can make or change a release: it needs a signature, unlike a run's artifact. */
async function loadRelease(release: Release, search: Search): Promise<FoundManifest | Doubt> {
  const again = 'Use another release. Without a manifest, `backup` takes the id of a Cinder backup.';
  const files: Record<string, Buffer> = {};
  try {
    for (const asset of release.assets.filter(({ name }) => fileOf(search)(name))) {
      const bytes = await loadAsset(asset, search);
      if (!Buffer.isBuffer(bytes)) return bytes;
      files[asset.name] = bytes;
    }
    return foundIn(`release ${release.tag}`, files, false);
  } catch (error) {
    return unusable(error, again);
  }
}

async function loadAsset(asset: Asset, { github, cache }: Search): Promise<Buffer | Doubt> {
  const hint = 'Use another release.';
  if (asset.size > LARGEST_FILE)
    return { what: `has ${asset.name} of ${asset.size} bytes, more than any manifest`, hint };
  const bytes = await cache.get(asset.sha256, () => github.releases.download(asset.id, LARGEST_FILE));
  const digest = sha256(bytes);
  return asset.sha256 === undefined || asset.sha256 === digest
    ? bytes
    : {
        what: `was altered: the SHA-256 of ${asset.name} is ${digest}, but GitHub says ${asset.sha256}`,
        hint,
      };
}

function fileOf({ withRunbook = false }: Search): (name: string) => boolean {
  const begins = [ENVELOPE_FILE, MANIFEST_FILE, SEALED_FILE];
  return (name) =>
    begins.some((known) => name.startsWith(known)) ||
    (withRunbook && [RUNBOOK_FILE, SEALED_RUNBOOK_FILE].includes(name));
}

/** Reports an archive that is damaged or too large; any other error is not the manifest's fault. */
function unusable(error: unknown, hint: string): Doubt {
  if (error instanceof RangeError || error instanceof TypeError)
    return { what: `cannot be used: ${error.message}`, hint };
  if (error instanceof InputError && error.cause === undefined)
    return { what: `cannot be used: ${error.message}`, hint };
  throw error;
}
