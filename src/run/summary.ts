import { duration } from '../clock.ts';
import type { Manifest, RestorePoint } from '../manifest/schema.ts';
import { type QuotaLine, quotaSentence } from '../plan/quota.ts';
import type { Published } from '../publish/publisher.ts';
import { bytes } from '../text/bytes.ts';
import { forMarkdown } from '../text/escape.ts';
import { counted } from '../text/words.ts';
import { type Saved, waysBack } from './ways-back.ts';
import { whereAndWhen } from './where-and-when.ts';

/** What was saved, where that is written down, and how to come back to it, as Markdown. */
export function savingSummary(
  manifest: Manifest,
  quota: readonly QuotaLine[],
  published: readonly Published[],
  saved: Saved,
): string {
  const { restorePoints, failed, run } = manifest;
  const kinds = [
    ...new Set([...restorePoints.map(({ resource }) => resource.kind), ...failed.map(({ kind }) => kind)]),
  ];
  const lines = [
    `### ${kinds.map((kind) => countOf(manifest, kind)).join(', ') || 'Nothing'} backed up`,
    '',
    whereAndWhen(
      manifest.cloud,
      Date.parse(run.started),
      run.finished === null ? undefined : Date.parse(run.finished),
    ),
    '',
    ...(restorePoints.length === 0
      ? []
      : [
          '| what | size | how | consistency | key | took | stored in |',
          '|---|---|---|---|---|---|---|',
          ...restorePoints.map(row),
        ]),
    ...(failed.length === 0 ? [] : ['', '**Failed:**', '']),
    ...failed.map(({ id, name, error }) => `- ${forMarkdown(name || id)}: ${forMarkdown(error)}`),
    '',
    ...(quota.length === 0 ? [] : [`${forMarkdown(capital(quotaSentence(quota)))}.`, '']),
    ...(published.length === 0 ? ['**The manifest was not published.**'] : []),
    ...(restorePoints.length === 0 ? [] : published).map(
      ({ path, sha256 }) =>
        `To restore: ${kinds.map((kind) => `\`restore-${kind}\``).join(' or ')} with \`manifest:\` ${forMarkdown(path)} (SHA-256 ${sha256}).`,
    ),
    ...inTerminal(manifest, published[0], saved),
  ];
  return lines.join('\n');
}

function inTerminal(manifest: Manifest, published: Published | undefined, saved: Saved): string[] {
  if (published === undefined || manifest.restorePoints.length === 0) return [];
  return ['', 'In a terminal:', '', '```sh', ...waysBack(manifest, published, saved), '```'];
}

function countOf({ restorePoints, failed }: Manifest, kind: RestorePoint['resource']['kind']): string {
  const done = restorePoints.filter(({ resource }) => resource.kind === kind).length;
  const all = done + failed.filter((failure) => failure.kind === kind).length;
  return `${done} of ${all} ${kind}s`;
}

function row(point: RestorePoint): string {
  const { resource, seconds } = point;
  const encryption = 'encryption' in resource ? resource.encryption : null;
  const cells = [
    `${resource.kind} ${forMarkdown(resource.name || resource.id)}`,
    ...factsOf(point),
    encryption === null ? '' : encryption.key.worth,
    duration(seconds * 1000),
    placeOf(point),
  ];
  return `| ${cells.join(' | ')} |`;
}

function capital(sentence: string): string {
  return sentence.charAt(0).toUpperCase() + sentence.slice(1);
}

/** Size, how, and consistency. */
function factsOf(point: RestorePoint): [string, string, string] {
  switch (point.method) {
    case 'cinder-backup':
      return [
        `${point.resource.size}&nbsp;GiB`,
        point.backup.incremental ? `increment&nbsp;${point.chain.position}` : 'full',
        point.consistency,
      ];
    case 'image':
      return [`${point.resource.size}&nbsp;GiB`, 'image', point.consistency];
    case 'download':
      return [bytes(point.payload.size), 'download', ''];
    case 'kept':
      return [bytes(point.resource.size), 'image', ''];
    case 'sealed':
    case 'plaintext':
      return [bytes(point.payload.size), point.method, ''];
    case 'disks':
      return [counted(point.resource.disks.length, 'disk'), 'disks', point.consistency];
  }
}

function placeOf(point: RestorePoint): string {
  switch (point.method) {
    case 'cinder-backup':
      return `backup ${point.backup.id}`;
    case 'image':
      return point.payload === null ? `image ${point.image.id}` : forMarkdown(point.payload.name);
    case 'kept':
      return `image ${point.resource.id}`;
    case 'disks':
      return 'its disks';
    default:
      return forMarkdown(point.payload.name);
  }
}
