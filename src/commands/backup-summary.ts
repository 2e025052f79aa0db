import { type QuotaLine, quotaSentence } from '../backup/volume/quota.ts';
import { duration } from '../clock.ts';
import type { Published } from '../manifest/publish.ts';
import type { Manifest, RestorePoint } from '../manifest/schema.ts';
import { forMarkdown } from '../text/escape.ts';

/** What was saved, where that is written down, and how to come back to it, as Markdown. */
export function backupSummary(
  manifest: Manifest,
  quota: readonly QuotaLine[],
  published: readonly Published[],
): string {
  const lines = [
    `### ${manifest.restorePoints.length} of ${manifest.restorePoints.length + manifest.failed.length} volumes backed up`,
    '',
    '| volume | size | how | consistency | key | took | backup |',
    '|---|---|---|---|---|---|---|',
    ...manifest.restorePoints.map(row),
    ...(manifest.failed.length === 0 ? [] : ['', '**Failed:**', '']),
    ...manifest.failed.map(({ id, name, error }) => `- ${forMarkdown(name || id)}: ${forMarkdown(error)}`),
    '',
    `Quota ${forMarkdown(quotaSentence(quota))}.`,
    '',
    ...(published.length === 0 ? ['**The manifest was not published.**'] : []),
    ...published.map(
      ({ path, sha256 }) =>
        `To restore: \`restore-volume\` with \`manifest:\` ${forMarkdown(path)} (SHA-256 ${sha256}).`,
    ),
  ];
  return lines.join('\n');
}

function row({ resource, backup, chain, consistency, seconds }: RestorePoint): string {
  const how = backup.incremental ? `increment&nbsp;${chain.position}` : 'full';
  const key = resource.encryption === null ? '' : resource.encryption.key.worth;
  return `| ${forMarkdown(resource.name || resource.id)} | ${resource.size}&nbsp;GiB | ${how} | ${consistency} | ${key} | ${duration(seconds * 1000)} | ${backup.id} |`;
}
