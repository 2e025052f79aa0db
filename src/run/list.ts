import { drilledWords } from '../catalog/drilled.ts';
import type { Entry } from '../catalog/entries.ts';
import type { Unread } from '../catalog/everything.ts';
import { keptWords, withKept } from '../catalog/newest-proved.ts';
import { pick } from '../catalog/pick.ts';
import { verifiedWords } from '../catalog/verified.ts';
import { NOT_ASKED } from '../catalog/whole.ts';
import { InputError } from '../errors.ts';
import type { ListInputs } from '../inputs/list.ts';
import { bytes } from '../text/bytes.ts';
import { forMarkdown } from '../text/escape.ts';
import { type Column, fitting, formatRows, markdownRows } from '../text/rows.ts';
import { counted } from '../text/words.ts';
import type { Context } from './context.ts';
import { failureOf, readCatalog, toldOf } from './reading/catalog.ts';
import { wantedOf } from './reading/wanted.ts';

/** @param directory shows paths below it as relative */
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
  { name: 'tags', value: ({ tags }) => tags.join(', ') },
  { name: 'state', value: ({ state }) => state, shown: stateShown },
  { name: 'why', value: ({ why }) => why },
  { name: 'verified', value: ({ verified }) => verifiedWords(verified) },
  { name: 'drilled', value: ({ drilled }) => drilledWords(drilled) },
  { name: 'kept', value: ({ kept }) => keptWords(kept) },
];

/** Leaves out the reason if no cloud was asked, because it would be the same in every line. */
function stateShown({ state, why }: Entry): string {
  return why === '' || why === NOT_ASKED ? state : `${state}: ${why}`;
}

/** The columns that matter for a restore. */
const USUAL = [
  'time',
  'kind',
  'name',
  'method',
  'chain',
  'size',
  'consistency',
  'state',
  'verified',
  'drilled',
  'manifest',
];

/** What a narrow terminal leaves out, in this order. */
const SPARE = ['consistency', 'method', 'drilled', 'chain', 'verified', 'size', 'kind', 'state'];

/** Lists the restore points of all manifests, and those that only the cloud knows. */
export async function listPoints(context: Context, given: ListInputs) {
  const { host } = context;
  const now = host.clock.now();
  const all = allColumns(host.directory);
  const columnsOf = (names: readonly string[]) => names.map((name) => columnNamed(all, 'column', name));
  const asked = columnsOf(given.column);
  const order = orderOf(all, given.sort);
  const wanted = wantedOf(given, now);
  const catalog = await readCatalog(context, given);
  const { unread } = catalog;
  const entries = pick(withKept(catalog.entries, catalog.found), wanted).toSorted(order);
  // A restore with the same key would refuse these.
  const isDoubted = given['verify-key'] !== undefined && entries.some(({ doubt }) => doubt !== '');
  const columns = asked.length > 0 ? asked : columnsOf([...USUAL, ...(isDoubted ? ['doubt'] : [])]);
  return {
    outputs: {
      points: JSON.stringify(entries),
      unread: JSON.stringify(
        unread.map(({ reference, doubt }) => ({ manifest: reference, error: doubt.what })),
      ),
    },
    printed: formatRows(
      entries,
      asked.length > 0 ? asked : seen(context, given, entries, columns),
      given.format,
    ),
    // An unreadable manifest may hold the point that the user needs.
    ...failureOf(catalog),
    summary: summaryOf(entries, columns, unread),
  };
}

/** The columns that a person can see. */
function seen(
  { host }: Context,
  { format }: ListInputs,
  entries: readonly Entry[],
  columns: readonly Column<Entry>[],
): readonly Column<Entry>[] {
  const width = host.terminal?.width;
  if (width === undefined || format !== 'table') return columns;
  const left = fitting(entries, columns, width, SPARE);
  const gone = columns.filter(
    (column) => !left.includes(column) && entries.some((entry) => (column.value(entry) ?? '') !== ''),
  );
  if (gone.length > 0)
    host.log.info(
      `left out, as the terminal is narrow: ${gone.map(({ name }) => name).join(', ')}. \`column\` chooses the columns`,
    );
  return left;
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
  return [
    `### ${counted(entries.length, 'restore point')}`,
    '',
    ...markdownRows(entries, columns),
    ...(unread.length === 0 ? [] : ['', '**Could not be read:**', '']),
    ...unread.map(({ reference, doubt }) => `- ${forMarkdown(toldOf(reference, doubt))}`),
  ].join('\n');
}
