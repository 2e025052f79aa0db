import type { Started } from '../../backup/kind.ts';
import { duration } from '../../clock.ts';
import type { Kind } from '../../manifest/points.ts';
import type { Manifest, Payload, RestorePoint } from '../../manifest/schema.ts';
import { type QuotaLine, quotaSentence } from '../../plan/quota.ts';
import type { Published } from '../../publish/publisher.ts';
import { bytes } from '../../text/bytes.ts';
import { forMarkdown } from '../../text/escape.ts';
import { markdownRows, type PageColumn } from '../../text/rows.ts';
import { counted } from '../../text/words.ts';
import { whereAndWhen } from '../where-and-when.ts';

/** What was saved and started, which manifest lists it, and how to restore it, as Markdown. */
export function savingSummary(
  manifest: Manifest,
  quota: readonly QuotaLine[],
  published: readonly Published[],
  ways: readonly string[],
  started: readonly Started[] = [],
): string {
  const { restorePoints, failed, run } = manifest;
  const kinds = [
    ...new Set([...restorePoints.map(({ resource }) => resource.kind), ...failed.map(({ kind }) => kind)]),
  ];
  const lines = [
    `### ${headOf(manifest, kinds, started.length)}`,
    '',
    whereAndWhen(
      manifest.cloud,
      Date.parse(run.started),
      run.finished === null ? undefined : Date.parse(run.finished),
    ),
    '',
    ...(restorePoints.length === 0 ? [] : markdownRows(restorePoints, COLUMNS)),
    ...(failed.length === 0 ? [] : ['', '**Failed:**', '']),
    ...failed.map(({ id, name, error }) => `- ${forMarkdown(name || id)}: ${forMarkdown(error)}`),
    ...(started.length === 0 ? [] : ['', '**Left to the cloud, for a later run to record:**', '']),
    ...started.map(
      ({ backup, resource: { kind, id, name } }) => `- ${kind} ${forMarkdown(name || id)}: backup ${backup}`,
    ),
    '',
    ...(quota.length === 0 ? [] : [`${forMarkdown(capital(quotaSentence(quota)))}.`, '']),
    ...(published.length === 0 && kinds.length > 0 ? ['**The manifest was not published.**'] : []),
    ...(restorePoints.length === 0 ? [] : published).map(
      ({ path, sha256 }) =>
        `To restore: ${kinds.map((kind) => `\`restore-${kind}\``).join(' or ')} with \`manifest:\` ${forMarkdown(path)} (SHA-256 ${sha256}).`,
    ),
    ...(ways.length === 0 ? [] : ['', 'In a terminal:', '', '```sh', ...ways, '```']),
  ];
  return lines.join('\n');
}

function headOf(manifest: Manifest, kinds: readonly Kind[], started: number): string {
  const saved = kinds.map((kind) => countOf(manifest, kind)).join(', ');
  const begun = started === 0 ? '' : `${started} backup${started === 1 ? '' : 's'} started`;
  if (saved === '' && begun !== '') return begun;
  return `${saved || 'Nothing'} backed up${begun === '' ? '' : `, ${begun}`}`;
}

function countOf({ restorePoints, failed }: Manifest, kind: Kind): string {
  const done = restorePoints.filter(({ resource }) => resource.kind === kind).length;
  const all = done + failed.filter((failure) => failure.kind === kind).length;
  return `${done} of ${all} ${kind}s`;
}

const COLUMNS: readonly PageColumn<RestorePoint>[] = [
  { name: 'what', value: ({ resource }) => `${resource.kind} ${resource.name || resource.id}` },
  { name: 'size', markdown: (point) => unbroken(factsOf(point).size) },
  { name: 'how', markdown: (point) => unbroken(factsOf(point).how) },
  { name: 'consistency', value: (point) => factsOf(point).consistency },
  { name: 'key', value: worthOf },
  { name: 'took', value: ({ seconds }) => duration(seconds * 1000) },
  { name: 'stored in', value: placeOf },
];

/** Keeps a table cell on one line. */
function unbroken(words: string): string {
  return words.replaceAll(' ', '&nbsp;');
}

function capital(sentence: string): string {
  return sentence.charAt(0).toUpperCase() + sentence.slice(1);
}

/** The facts that depend on the method. */
function factsOf(point: RestorePoint): {
  readonly size: string;
  readonly how: string;
  readonly consistency: string;
} {
  switch (point.method) {
    case 'cinder-backup': {
      const how = point.backup.incremental ? `increment ${point.chain.position}` : 'full';
      return { size: `${point.resource.size} GiB`, how, consistency: point.consistency };
    }
    case 'image':
      return {
        size: `${point.resource.size} GiB${sentOf(point.payload)}`,
        how: 'image',
        consistency: point.consistency,
      };
    case 'download':
      return {
        size: `${bytes(point.payload.size)}${sentOf(point.payload)}`,
        how: 'download',
        consistency: '',
      };
    case 'kept':
      return { size: bytes(point.resource.size), how: 'image', consistency: '' };
    case 'sealed':
    case 'plaintext':
      return { size: bytes(point.payload.size), how: point.method, consistency: '' };
    case 'disks':
      return {
        size: counted(point.resource.disks.length, 'disk'),
        how: 'disks',
        consistency: point.consistency,
      };
  }
}

/** How much of a disk went into the store. */
function sentOf(payload: Payload | null): string {
  return payload?.layout === 'blocks' ? `, ${bytes(payload.sent)} sent` : '';
}

function worthOf({ resource }: RestorePoint): string {
  const encryption = 'encryption' in resource ? resource.encryption : null;
  return encryption === null ? '' : encryption.key.worth;
}

function placeOf(point: RestorePoint): string {
  switch (point.method) {
    case 'cinder-backup':
      return `backup ${point.backup.id}`;
    case 'image':
      return point.payload === null ? `image ${point.image.id}` : point.payload.name;
    case 'kept':
      return `image ${point.resource.id}`;
    case 'disks':
      return 'its disks';
    default:
      return point.payload.name;
  }
}
