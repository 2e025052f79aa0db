import { type Entry, entriesOf } from '../catalog/entries.ts';
import { everyManifest, type Unread } from '../catalog/everything.ts';
import { parseTime, pick } from '../catalog/pick.ts';
import { InputError } from '../errors.ts';
import type { ListInputs } from '../inputs/list.ts';
import { DIRECTORY } from '../manifest/files.ts';
import { verifyingKey } from '../manifest/sign.ts';
import { type PlaceName, parsePlace } from '../store/place-name.ts';
import { bytes } from '../text/bytes.ts';
import { forMarkdown } from '../text/escape.ts';
import { type Column, formatRows } from '../text/rows.ts';
import type { Context } from './context.ts';

/** @param directory paths below it are shown without it */
const allColumns = (directory: string): readonly Column<Entry>[] => [
  { name: 'time', value: ({ time }) => time, shown: ({ time }) => time.replace(/\.\d+/, '') },
  { name: 'kind', value: ({ kind }) => kind },
  { name: 'name', value: ({ name }) => name },
  { name: 'id', value: ({ id }) => id },
  { name: 'point', value: ({ point }) => point },
  { name: 'method', value: ({ method }) => method },
  { name: 'chain', value: ({ chain }) => chain },
  { name: 'size', value: ({ size }) => size, shown: ({ size }) => (size === undefined ? '' : bytes(size)) },
  { name: 'consistency', value: ({ consistency }) => consistency },
  { name: 'key', value: ({ key }) => key },
  { name: 'data', value: ({ data }) => data },
  {
    name: 'manifest',
    value: ({ manifest }) => manifest,
    shown: ({ manifest }) => manifest.replaceAll(`${directory}/`, ''),
  },
  { name: 'doubt', value: ({ doubt }) => doubt },
  { name: 'project', value: ({ project }) => project },
];

/** What a restore asks for. */
const USUAL = ['time', 'kind', 'name', 'method', 'chain', 'size', 'consistency', 'manifest'];

/** Lists the restore points of all manifests. */
export async function listPoints(context: Context, given: ListInputs) {
  const { host } = context;
  const now = host.clock.now();
  const all = allColumns(host.directory);
  const columns = (given.column.length === 0 ? USUAL : given.column).map((name) =>
    columnNamed(all, 'column', name),
  );
  const order = orderOf(all, given.sort);
  const wanted = {
    resources: { volume: given.volume, server: given.server, image: given.image, secret: given.secret },
    since: given.since === undefined ? undefined : parseTime('since', given.since, now),
    at: given.at === undefined ? undefined : parseTime('at', given.at, now),
  };
  const key = given['verify-key'];
  const { found, unread } = await everyManifest(placesOf(given.manifest, host.github !== undefined), {
    directory: host.directory,
    github: host.github,
    workflow: given.workflow,
    branch: given.branch,
    now: () => host.clock.now(),
    log: host.log,
    verifyKey: key === undefined ? undefined : verifyingKey(await context.readText(key)),
    identity: given.identity,
    warn: (line) => host.log.warn(line),
  });
  for (const { reference, doubt } of unread) host.log.warn(toldOf(reference, doubt));
  const entries = pick(found.flatMap(entriesOf), wanted).toSorted(order);
  return {
    outputs: {
      points: JSON.stringify(entries),
      unread: JSON.stringify(
        unread.map(({ reference, doubt }) => ({ manifest: reference, error: doubt.what })),
      ),
    },
    printed: formatRows(entries, columns, given.format),
    // What could not be read may be what is looked for.
    failed: unread.length > 0,
    failure: `${unread.length} of ${unread.length + found.length} manifests could not be read`,
    summary: summaryOf(entries, columns, unread),
  };
}

function toldOf(reference: string, { what, hint }: Unread['doubt']): string {
  return `${what.includes(reference) ? what : `${reference} ${what}`}. ${hint}`;
}

function placesOf(given: readonly string[], inWorkflow: boolean): PlaceName[] {
  if (given.length === 0)
    return inWorkflow
      ? [{ kind: 'artifact' }, { kind: 'release' }]
      : [{ kind: 'directory', path: DIRECTORY }];
  return given.map((text) => {
    const place = parsePlace(text);
    if (place !== undefined) return place;
    throw new InputError(
      `unsupported place "${text}"`,
      'Write `manifest: artifact`, `manifest: release` or `manifest: directory:PATH`.',
    );
  });
}

function columnNamed(all: readonly Column<Entry>[], input: string, name: string): Column<Entry> {
  const column = all.find((candidate) => candidate.name === name.toLowerCase());
  if (column !== undefined) return column;
  throw new InputError(
    `\`${input}\` is "${name}": there is no such column`,
    `The columns are ${all.map((candidate) => candidate.name).join(', ')}.`,
  );
}

function orderOf(all: readonly Column<Entry>[], sort: string): (a: Entry, b: Entry) => number {
  const [, name = '', direction] = /^(.*?)(?::(asc|desc))?$/s.exec(sort) ?? [];
  const { value } = columnNamed(all, 'sort', name);
  const sign = direction === 'desc' ? -1 : 1;
  return (a, b) => sign * compare(value(a) ?? '', value(b) ?? '');
}

function compare(a: string | number, b: string | number): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const [one, other] = [String(a), String(b)];
  return one < other ? -1 : Number(one > other);
}

function summaryOf(
  entries: readonly Entry[],
  columns: readonly Column<Entry>[],
  unread: readonly Unread[],
): string {
  const cells = (row: Entry) =>
    columns.map(({ value, shown }) => forMarkdown(shown?.(row) ?? String(value(row) ?? '')));
  return [
    `### ${entries.length} restore point${entries.length === 1 ? '' : 's'}`,
    '',
    `| ${columns.map(({ name }) => name).join(' | ')} |`,
    `|${'---|'.repeat(columns.length)}`,
    ...entries.map((row) => `| ${cells(row).join(' | ')} |`),
    ...(unread.length === 0 ? [] : ['', '**Could not be read:**', '']),
    ...unread.map(({ reference, doubt }) => `- ${forMarkdown(toldOf(reference, doubt))}`),
  ].join('\n');
}
