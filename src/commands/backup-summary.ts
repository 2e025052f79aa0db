import { type QuotaLine, quotaSentence } from '../backup/volume/quota.ts';
import { duration } from '../clock.ts';
import type { Manifest, RestorePoint } from '../manifest/schema.ts';
import { forMarkdown } from '../text/escape.ts';

/** What was saved, as Markdown. */
export function backupSummary(manifest: Manifest, quota: readonly QuotaLine[]): string {
  const lines = [
    `### ${manifest.restorePoints.length} of ${manifest.restorePoints.length + manifest.failed.length} volumes backed up`,
    '',
    '| volume | size | how | consistency | key | took | backup |',
    '|---|---|---|---|---|---|---|',
    ...manifest.restorePoints.map(row),
    ...manifest.failed.map(
      ({ id, name, error }) => `| ${forMarkdown(name || id)} | | **failed** | | | | ${forMarkdown(error)} |`,
    ),
    '',
    `${forMarkdown(quotaSentence(quota))}.`,
  ];
  return lines.join('\n');
}

function row({ resource, backup, chain, consistency, seconds }: RestorePoint): string {
  const how = backup.incremental ? `increment ${chain.position}` : 'full';
  const key = resource.encryption === null ? '' : resource.encryption.key.worth;
  return `| ${forMarkdown(resource.name || resource.id)} | ${resource.size} GiB | ${how} | ${consistency} | ${key} | ${duration(seconds * 1000)} | ${backup.id} |`;
}
