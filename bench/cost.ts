import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { APPLY, type Case, type Figure, measure } from './cost-run.ts';

/**
 * `npm run bench:cost`: what a run costs where there is much: requests, as the embedded cloud counts them in a process of
 * its own, and the peak of resident memory and the processor time of our process, as the kernel counts them.
 *
 * Several programs are measured side by side in one run: `npm run bench:cost -- --bin dist/cli.js --bin
 * ../before/dist/cli.js`. `--only TEXT` takes the cases whose name has the text, `--kinds` tells what was asked, and a
 * case that takes longer than `--minutes` is ended and shown as that.
 */
const { values: given } = parseArgs({
  options: {
    bin: { type: 'string', multiple: true, default: [join(import.meta.dirname, '../dist/cli.js')] },
    only: { type: 'string', default: '' },
    kinds: { type: 'boolean', default: false },
    minutes: { type: 'string', default: '15' },
  },
});

const ALL = ['backup-volume', '--volumes', 'all'];
const DRY = [...ALL, '--dry-run'];
const REAL = [...ALL, '--mode', 'full', '--concurrency', '20'];
const IMAGE = [...ALL, '--method', 'image', '--store', 'directory:store', '--concurrency', '8'];

const cases: readonly Case[] = [
  { name: 'dry run of 1,000', volumes: 1000, encrypted: false, backups: 0, words: DRY },
  { name: 'dry run of 5,000', volumes: 5000, encrypted: false, backups: 0, words: DRY },
  { name: 'dry run of 1,000 encrypted', volumes: 1000, encrypted: true, backups: 0, words: DRY },
  { name: 'dry run of 5,000 encrypted', volumes: 5000, encrypted: true, backups: 0, words: DRY },
  {
    name: 'dry run of 1,000, with 100,000 backups',
    volumes: 1000,
    encrypted: false,
    backups: 100_000,
    words: DRY,
  },
  { name: 'real run of 1,000', volumes: 1000, encrypted: false, backups: 0, words: REAL },
  { name: 'real run of 1,000 encrypted', volumes: 1000, encrypted: true, backups: 0, words: REAL },
  { name: 'real run of 5,000', volumes: 5000, encrypted: false, backups: 0, words: REAL },
  {
    name: 'list of 5,000, with 20,000 backups',
    volumes: 5000,
    encrypted: false,
    backups: 20_000,
    named: true,
    words: ['list', '--format', 'json'],
  },
  {
    name: 'list --at of one of 20,000',
    volumes: 5000,
    encrypted: false,
    backups: 20_000,
    named: true,
    words: ['list', '--volume', 'volume-00007', '--at', '0h'],
  },
  {
    name: 'apply of 5,000, half encrypted, 20,000 backups',
    volumes: 5000,
    encrypted: 'half',
    backups: 20_000,
    named: true,
    planned: true,
    words: APPLY,
  },
  { name: '300 through images', volumes: 300, encrypted: false, backups: 0, words: IMAGE },
];

const bins = given.bin.map((bin) => resolve(bin));
process.stdout.write(
  `${bins.map((bin, at) => `${at + 1}: ${bin}\n`).join('')}\n${row('', ['requests', 'memory', 'processor', 'time'])}`,
);
for (const one of cases.filter(({ name }) => name.includes(given.only)))
  for (const [at, bin] of bins.entries()) {
    const figure = await measure(one, bin, Number(given.minutes));
    process.stdout.write(row(`${one.name}${bins.length > 1 ? ` (${at + 1})` : ''}`, cellsOf(figure)));
    if (given.kinds)
      for (const [kind, count] of Object.entries(figure.kinds).sort(([, a], [, b]) => b - a))
        process.stdout.write(`${String(count).padStart(12)} ${kind}\n`);
  }

function row(name: string, cells: readonly string[]): string {
  return `${name.padEnd(50)}${cells.map((cell) => cell.padStart(12)).join('')}\n`;
}

function cellsOf({ requests, mebibytes, processor, seconds, ended }: Figure): string[] {
  return [
    String(requests),
    mebibytes === undefined ? '-' : `${mebibytes} MiB`,
    processor === undefined ? '-' : `${processor.toFixed(1)} s`,
    `${ended ? '> ' : ''}${seconds.toFixed(0)} s`,
  ];
}
