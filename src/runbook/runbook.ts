import type { Manifest, RestorePoint } from '../manifest/schema.ts';
import { forMarkdown } from '../text/escape.ts';
import { Book, type Section } from './book.ts';
import { dataTimes } from './data-times.ts';
import { imageSection, keptImageSection } from './image.ts';
import { prepare } from './prepare.ts';
import { secretSection } from './secret.ts';
import { serverSection } from './server.ts';
import { volumeBackupSection } from './volume-backup.ts';
import { volumeImageSection } from './volume-image.ts';

/**
 * Explains, in Markdown with complete commands, how to restore everything in a manifest by hand, without our programs.
 * Only people read it, and they may trust it as far as the manifest: no program reads it back.
 *
 * @param sha256 the digest of the manifest's text, lower-case hex; undefined if there is only a journal
 */
export function runbook(manifest: Manifest, sha256: string | undefined): string {
  const book = new Book(manifest);
  const timesOf = dataTimes(manifest.restorePoints, book);
  const sections = manifest.restorePoints.map((point) => {
    const { title, body } = sectionOf(point, book);
    return { title, body: [...timesOf(point), ...body] };
  });
  return [
    ...head(manifest, sha256),
    ...(sections.length === 0 ? ['Nothing was saved in that run.'] : ['## Before', ...prepare(manifest)]),
    ...sections.flatMap(({ title, body }, index) => [`## ${index + 1}. ${title}`, ...body]),
  ]
    .join('\n\n')
    .concat('\n');
}

function sectionOf(point: RestorePoint, book: Book): Section {
  switch (point.method) {
    case 'cinder-backup':
      return volumeBackupSection(point, book);
    case 'image':
      return volumeImageSection(point, book);
    case 'download':
      return imageSection(point, book);
    case 'kept':
      return keptImageSection(point, book);
    case 'sealed':
    case 'plaintext':
      return secretSection(point, book);
    case 'disks':
      return serverSection(point, book);
  }
}

function head({ run, cloud }: Manifest, sha256: string | undefined): string[] {
  const { authUrl, region, project } = cloud;
  const source =
    sha256 === undefined
      ? 'the journal beside it, which may have more by now'
      : `the manifest whose SHA-256 is \`${sha256}\``;
  return [
    '# Restore by hand',
    `How to restore what run \`${run.id}\` of ${forMarkdown(run.tool)} saved, without that program. The run started at ${run.started}. Made from ${source}${run.finished === null ? ', before that run had ended' : ''}.`,
    `Cloud ${forMarkdown(authUrl)}, region ${forMarkdown(region)}, project ${forMarkdown(project.name)} (${forMarkdown(project.id)}). Cinder backups can be restored only there.`,
  ];
}
