import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { findFile } from '../../../src/catalog/directory.ts';
import { artifactCandidate, releaseCandidate, type Search } from '../../../src/catalog/github/find.ts';
import type { FoundManifest } from '../../../src/catalog/read.ts';
import { findStored } from '../../../src/catalog/store.ts';
import { sealer } from '../../../src/keys/age.ts';
import { RUNBOOK_FILE, SEALED_RUNBOOK_FILE } from '../../../src/manifest/files.ts';
import type { Artifact, Files, Release, WorkflowRun } from '../../../src/ports/github.ts';
import { packageOf } from '../../../src/publish/package.ts';
import { zip } from '../../fakes/github/zip.ts';
import { makeKeeper } from '../../scenarios/sealed.ts';
import { memoryPlace } from '../../support/memory-place.ts';
import { sha256 } from '../../support/payloads.ts';
import { backupPoint, manifestWith } from '../../support/points.ts';

const RUN = '20261126T010203Z-0123abcd';
const { recipient } = await makeKeeper();
const manifest = manifestWith(backupPoint());
const kinds = {
  'in clear': [await packageOf(manifest, undefined, undefined), RUNBOOK_FILE],
  sealed: [await packageOf(manifest, undefined, await sealer([recipient])), SEALED_RUNBOOK_FILE],
} as const;

type Find = (files: Files, withRunbook: boolean) => Promise<unknown>;

const bytesOf = (files: Files) =>
  Object.entries(files).map(([name, bytes]) => [name, Buffer.from(bytes)] as const);
const searching = (withRunbook: boolean, download: (id: number) => Promise<Buffer>) =>
  ({
    withRunbook,
    cache: { get: (_digest: string, load: () => Promise<Buffer>) => load() },
    github: { artifacts: { download }, releases: { download } },
  }) as unknown as Search;

const places = {
  async 'a directory'(files, withRunbook) {
    const directory = await mkdtemp(join(tmpdir(), 'beside-'));
    for (const [name, bytes] of bytesOf(files)) await writeFile(join(directory, name), bytes);
    return findFile(directory, withRunbook).finally(() => rm(directory, { recursive: true }));
  },
  async 'a store'(files, withRunbook) {
    const place = memoryPlace();
    for (const [name, bytes] of bytesOf(files)) place.held.set(`manifests/${RUN}/${name}`, bytes);
    return findStored(place, RUN, withRunbook);
  },
  async 'an artifact'(files, withRunbook) {
    const archive = zip(bytesOf(files).map(([name, bytes]) => ({ name, bytes })));
    const artifact = { id: 1, name: 'a', size: archive.length, sha256: sha256([archive]) } as Artifact;
    const search = searching(withRunbook, async () => archive);
    return artifactCandidate(artifact, { id: 5, started: '' } as WorkflowRun, search).load();
  },
  async 'a release'(files, withRunbook) {
    const all = bytesOf(files);
    const assets = all.map(([name, bytes], id) => ({ id, name, size: bytes.length }));
    const search = searching(withRunbook, async (id) => all[id]?.[1] ?? Buffer.of());
    return releaseCandidate({ tag: 't', updated: '', assets } as unknown as Release, search).load();
  },
} satisfies Readonly<Record<string, Find>>;

const cases = Object.keys(places).flatMap((place) =>
  Object.keys(kinds).map((kind) => [place as keyof typeof places, kind as keyof typeof kinds] as const),
);

test.each(cases)(
  '%s gives the RESTORE.md beside a manifest, %s, if asked, and not otherwise',
  async (place, kind) => {
    const [{ files }, file] = kinds[kind];
    const find = async (given: Files, withRunbook: boolean) =>
      ((await places[place](given, withRunbook)) as FoundManifest).runbook;
    expect(await find(files, true)).toEqual({ file, bytes: Buffer.from(files[file] ?? '') });
    expect(await find(files, false)).toBeUndefined();
    const { [file]: _lost, ...others } = files;
    expect(await find(others, true)).toBeUndefined();
  },
);
