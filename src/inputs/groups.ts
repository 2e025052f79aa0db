import type { Inputs } from './table.ts';

/**
 * How `--help` groups the inputs. Every input is in exactly one group (a test checks), and means the same in every
 * command.
 */
export const groups: Readonly<Record<string, readonly string[]>> = {
  What: [
    'plan',
    'servers',
    'volumes',
    'images',
    'secrets',
    'backups',
    'manifest',
    'server',
    'volume',
    'image',
    'backup',
    'secret',
    'path',
    'partition',
    'point',
    'tag',
    'only',
    'since',
    'at',
    'offline',
  ],
  'What to keep': [
    'prune',
    'keep-last',
    'keep-hourly',
    'keep-daily',
    'keep-weekly',
    'keep-monthly',
    'keep-yearly',
    'keep-within',
    'keep-within-hourly',
    'keep-within-daily',
    'keep-within-weekly',
    'keep-within-monthly',
    'keep-within-yearly',
    'keep-tag',
    'min-copies',
    'gone',
    'timezone',
  ],
  How: [
    'level',
    'by-hand',
    'pick',
    'each',
    'max-gigabytes',
    'sample',
    'seed',
    'network',
    'security-groups',
    'flavor',
    'boot-timeout',
    'expect',
    'check',
    'allow-over-half',
    'accept',
    'simulate',
    'method',
    'mode',
    'max-chain',
    'compression',
    'refresh',
    'raw',
    'wrap',
    'concurrency',
    'start-only',
    'deadline',
  ],
  Reporting: ['fail-on', 'badge', 'heartbeat'],
  'Where it goes': [
    'to',
    'socket',
    'listen',
    'overwrite',
    'name',
    'type',
    'availability-zone',
    'map',
    'output',
    'store',
    's3-endpoint',
    's3-region',
    'store-role',
    'store-cloud',
    'bandwidth',
    'publish',
    'expiry',
  ],
  'Keys and trust': [
    'recipients',
    'identity',
    'keys',
    'key',
    'unlock',
    'secret-type',
    'plaintext',
    'store-key',
    's3-access-key',
    's3-secret-key',
    'sign-key',
    'verify-key',
    'allow-unsigned',
    'allow-other-project',
  ],
  'GitHub, in a workflow only': ['workflow', 'branch', 'hold', 'expiry-days', 'release-tag'],
  'How to show it': ['matrix', 'format', 'column', 'sort'],
  Cloud: ['cloud', 'clouds-yaml', 'region', 'project'],
};

/**
 * Rewords a text for a terminal. Texts name inputs as a workflow does, in backticks: `overwrite: true` becomes
 * --overwrite. Text in quotes is a user's name for something, and stays. A value that is also the name of an input is in
 * two backticks: ``store``.
 *
 * @param inputs of the command; other names are not its options
 */
export function inTerminalWords(text: string, inputs: Inputs): string {
  return text
    .replaceAll(
      OTHERS,
      (_, command: string, name: string, value?: string) =>
        `openstack-backup ${command} ${optionOf(name, value)}`,
    )
    .replace(
      /"(?:[^"\\]|\\.)*"|``[^`]+``|`([a-z][a-z0-9-]*)(?:: ([^`]+))?`/g,
      (all: string, name?: string, value?: string) =>
        name === undefined || !(Object.hasOwn(inputs, name) || name === 'dry-run')
          ? all.replaceAll('``', '')
          : optionOf(name, value),
    );
}

/** A description as a workflow reads it. */
export const inWorkflowWords = (text: string) => text.replaceAll('``', '`');

/** An input of another command: `restore-volume` with `overwrite: true`. */
const OTHERS = /`([a-z]+-[a-z]+)` with `([a-z][a-z-]*)(?:: ([^`]+))?`/g;

function optionOf(name: string, value: string | undefined): string {
  if (value === 'false') return `--${name}=false`;
  return value === undefined || value === 'true' ? `--${name}` : `--${name} ${value}`;
}
