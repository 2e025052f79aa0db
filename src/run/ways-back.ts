import type { Manifest, RestorePoint } from '../manifest/schema.ts';
import type { Published } from '../publish/publisher.ts';
import { forShell } from '../text/escape.ts';

/** What the commands need beside the manifest. */
export interface Saved {
  /** "owner/name"; undefined in a terminal. */
  readonly repository: string | undefined;
  /** Whether the manifest is signed. */
  readonly signed: boolean;
  /** Whether anything is sealed to age recipients. */
  readonly sealed: boolean;
}

/** More are in the table, and are restored by the same words. */
const MOST_COMMANDS = 10;

/**
 * The lines for a terminal that bring back what was saved, to be copied as they are; the files with keys are the
 * reader's own.
 */
export function waysBack(manifest: Manifest, { path }: Published, saved: Saved): string[] {
  const [place, download] = fetched(path, saved.repository);
  const points = mainPoints(manifest);
  const [stored] = manifest.restorePoints.flatMap((point) =>
    'payload' in point && point.payload?.place !== undefined ? [point.payload.place] : [],
  );
  const options = [
    ...(stored === undefined ? [] : [`--store ${forShell(`directory:${stored}`)}`]),
    ...(saved.sealed ? ['--identity file:age-identity.txt'] : []),
    saved.signed ? '--verify-key verify.pem' : '--allow-unsigned',
  ];
  const commands = points.slice(0, MOST_COMMANDS).map(({ resource: { kind, id, name } }) => {
    const which = kind === 'secret' ? '--secrets' : `--${kind}`;
    const comment = /^[\w.-]+$/.test(name) ? ` # ${name}` : '';
    return [
      'npx openstack-backup',
      `restore-${kind}`,
      `--manifest ${place}`,
      ...(points.length > 1 ? [`${which} ${id}`] : []),
      ...options,
    ]
      .join(' ')
      .concat(comment);
  });
  return [...download, ...commands];
}

/** A server brings its disks along, and what is encrypted its keys. */
function mainPoints({ restorePoints }: Manifest): RestorePoint[] {
  const of = (...kinds: RestorePoint['resource']['kind'][]) =>
    restorePoints.filter(({ resource }) => kinds.includes(resource.kind));
  return [of('server'), of('volume', 'image'), of('secret')].find((points) => points.length > 0) ?? [];
}

/** Where the manifest then is, and what brings it there. */
function fetched(path: string, repository: string | undefined): [string, string[]] {
  const from = repository === undefined ? '' : ` --repo ${forShell(repository)}`;
  const [, run, name] = /^artifact:(\d+)\/(.+)$/s.exec(path) ?? [];
  if (run !== undefined && name !== undefined)
    return ['manifest', [`gh run download ${run}${from} --name ${forShell(name)} --dir manifest`]];
  if (path.startsWith('release:'))
    return [
      'manifest',
      [`gh release download ${forShell(path.slice('release:'.length))}${from} --dir manifest`],
    ];
  return [forShell(path), []];
}
