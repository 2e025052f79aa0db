import { type Entry, entriesOf, unnamedEntries } from '../catalog/entries.ts';
import { type EverythingOptions, everyManifest, type Found, type Unread } from '../catalog/everything.ts';
import { parseTime, pick } from '../catalog/pick.ts';
import { unnamedIn } from '../catalog/unnamed.ts';
import { judge, NOT_ASKED } from '../catalog/whole.ts';
import { InputError } from '../errors.ts';
import type { ListInputs } from '../inputs/list.ts';
import { verifyingKey } from '../manifest/sign.ts';
import type { PlaceName } from '../store/place-name.ts';
import { bytes } from '../text/bytes.ts';
import { forMarkdown } from '../text/escape.ts';
import { type Column, formatRows } from '../text/rows.ts';
import type { Context } from './context.ts';
import { type Looked, look } from './look.ts';
import { placesOf } from './manifest-places.ts';

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
  { name: 'state', value: ({ state }) => state, shown: stateShown },
  { name: 'why', value: ({ why }) => why },
];

/** That no cloud was asked is told once. */
function stateShown({ state, why }: Entry): string {
  return why === '' || why === NOT_ASKED ? state : `${state}: ${why}`;
}

/** What a restore asks for. */
const USUAL = ['time', 'kind', 'name', 'method', 'chain', 'size', 'consistency', 'state', 'manifest'];

/** Lists the restore points of all manifests, and those that only the cloud tells of. */
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
  const { found, unread, missing } = await allManifests(placesOf(given.manifest, host.github !== undefined), {
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
  // What was named has to be there; the usual place need not, where the cloud can tell.
  if (missing !== undefined && given.manifest.length > 0) throw missing;
  for (const { reference, doubt } of unread) host.log.warn(toldOf(reference, doubt));
  const looked = await look(
    context,
    given,
    found.map(({ manifest }) => manifest),
  );
  if (missing !== undefined && looked.inventory === undefined) throw missing;
  if (missing !== undefined) host.log.warn(`${missing.message}: only what the cloud tells is listed`);
  const entries = pick(everyEntry(found, looked), wanted).toSorted(order);
  return {
    outputs: {
      points: JSON.stringify(entries),
      unread: JSON.stringify(
        unread.map(({ reference, doubt }) => ({ manifest: reference, error: doubt.what })),
      ),
    },
    printed: formatRows(entries, columns, given.format),
    // What could not be read may be what is looked for.
    failed: unread.length > 0 || looked.failure !== undefined,
    failure: failureOf(found, unread, looked),
    summary: summaryOf(entries, columns, unread),
  };
}

async function allManifests(places: readonly PlaceName[], options: EverythingOptions) {
  try {
    return { ...(await everyManifest(places, options)), missing: undefined };
  } catch (error) {
    if (!(error instanceof InputError) || options.github !== undefined) throw error;
    return { found: [], unread: [], missing: error };
  }
}

function everyEntry(found: readonly Found[], looked: Looked): Entry[] {
  const { inventory } = looked;
  const statesOf = judge(looked);
  const named = found.flatMap((one) => entriesOf(one, statesOf(one.manifest)));
  if (inventory === undefined) return named;
  const unnamed = unnamedIn(
    inventory,
    found.map(({ manifest }) => manifest),
  );
  return [...named, ...unnamedEntries(inventory, unnamed)];
}

function failureOf(found: readonly Found[], unread: readonly Unread[], { failure }: Looked): string {
  const all = unread.length + found.length;
  const lost = unread.length === 0 ? [] : [`${unread.length} of ${all} manifests could not be read`];
  return [...lost, ...(failure === undefined ? [] : [failure])].join('; ');
}

function toldOf(reference: string, { what, hint }: Unread['doubt']): string {
  return `${what.includes(reference) ? what : `${reference} ${what}`}. ${hint}`;
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
