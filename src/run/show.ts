import { chainOf, drawn } from '../catalog/chain-of.ts';
import { chooseEntry, type Meant } from '../catalog/choose-entry.ts';
import { drilledWords } from '../catalog/drilled.ts';
import type { Entry } from '../catalog/entries.ts';
import type { Found } from '../catalog/everything.ts';
import { needsOf } from '../catalog/needs.ts';
import { keptWords, newestProved } from '../catalog/newest-proved.ts';
import { parseAt } from '../catalog/pick.ts';
import { type Verified, verifiedWords } from '../catalog/verified.ts';
import { InputError } from '../errors.ts';
import type { ShowInputs } from '../inputs/show.ts';
import { bytes } from '../text/bytes.ts';
import { forMarkdown, quoted } from '../text/escape.ts';
import { type Field, formatFields } from '../text/fields.ts';
import { markdownRows } from '../text/rows.ts';
import type { Context } from './context.ts';
import { reachOf } from './places/reach.ts';
import { placesNamed, wayBack, wayBackOfData } from './places/ways-back.ts';
import { type Catalog, failureOf, readCatalog } from './reading/catalog.ts';

/** Shows all that is known about one restore point. */
export async function showPoint(context: Context, given: ShowInputs) {
  const { host } = context;
  const meant = meantBy(given, host.clock.now());
  const catalog = await readCatalog(context, given);
  const entry = chooseEntry(catalog.entries, meant);
  const home = catalog.found.find(({ manifest }) =>
    manifest.restorePoints.some(({ id }) => id === entry.point),
  );
  const restore = await restoreOf(context, given, entry, home);
  const fields = fieldsOf(entry, catalog, home, restore);
  const { failed, failure } = failureOf(catalog);
  return {
    outputs: {
      point: JSON.stringify(
        Object.fromEntries(fields.map(({ name, value }) => [camel(name), value ?? null])),
      ),
    },
    printed: given.format === 'table' ? tableOf(fields, restore) : formatFields(fields, given.format),
    // A point in a manifest was found, so other unreadable manifests do not matter.
    failed: meant.point === undefined ? failed : catalog.looked.failure !== undefined,
    failure,
    summary: summaryOf(entry, fields),
  };
}

function meantBy({ point, volume, server, image, secret, at }: ShowInputs, now: number): Meant {
  const named = Object.entries({ volume, server, image, secret }).flatMap(([kind, wanted]) =>
    wanted === undefined ? [] : [{ kind: kind as Entry['kind'], wanted }],
  );
  if (named.length + (point === undefined ? 0 : 1) > 1)
    throw new InputError(
      '`show` shows one restore point, but several are given',
      'Give one of `point`, `volume`, `server`, `image` and `secret`.',
    );
  if (point !== undefined && at !== undefined)
    throw new InputError(
      '`at` chooses among the points of a resource, but `point` names one',
      'Leave one out.',
    );
  const [resource] = named;
  return { point, resource, at: at === undefined ? undefined : parseAt(at, now) };
}

function fieldsOf(
  entry: Entry,
  { found, entries, unnamed }: Catalog,
  home: Found | undefined,
  restore: readonly string[],
): Field[] {
  const point = home?.manifest.restorePoints.find(({ id }) => id === entry.point);
  const chain = chainOf(entry.point, entries, found, unnamed);
  const { size, state, why } = entry;
  return [
    { name: 'time', value: entry.time },
    { name: 'kind', value: entry.kind },
    { name: 'name', value: entry.name },
    { name: 'id', value: entry.id },
    { name: 'point', value: entry.point },
    { name: 'method', value: entry.method },
    { name: 'chain', value: entry.chain },
    { name: 'chain members', value: drawn(chain, entry.point) },
    {
      name: 'needs',
      value: point === undefined || home === undefined ? [] : needsOf(point, home.manifest, entries),
    },
    { name: 'size', value: size, ...(size === undefined ? {} : { shown: `${bytes(size)} (${size} bytes)` }) },
    { name: 'consistency', value: entry.consistency },
    { name: 'key', value: entry.key },
    { name: 'data', value: entry.data },
    { name: 'state', value: state },
    { name: 'why', value: why },
    { name: 'verified', value: verifiedWords(entry.verified), shown: toldVerified(entry.verified) },
    { name: 'drilled', value: drilledWords(entry.drilled) },
    { name: 'kept', value: keptWords(newestProved(entries, found).get(entry.point)) },
    { name: 'manifest', value: home?.references ?? [] },
    { name: 'doubt', value: entry.doubt },
    { name: 'project', value: entry.project },
    { name: 'tags', value: entry.tags },
    { name: 'restore', value: restore },
  ];
}

function toldVerified(verified: Verified | undefined): string {
  const fault = verified?.fault;
  return `${verifiedWords(verified)}${fault === undefined ? '' : `: ${fault}`}`;
}

/** The terminal command that restores it. */
async function restoreOf(
  context: Context,
  given: ShowInputs,
  entry: Entry,
  home: Found | undefined,
): Promise<string[]> {
  const point = home?.manifest.restorePoints.find(({ id }) => id === entry.point);
  if (home === undefined || point === undefined)
    return wayBackOfData(entry.method === 'cinder-backup' ? 'backup' : 'image', entry.data);
  const [reference = ''] = home.references;
  const isFile = !/^(artifact|release):/.test(reference);
  const places = placesNamed(home.manifest, reference);
  return wayBack(point, home.manifest, reference, {
    repository: context.host.github?.here.repository,
    signed: isFile ? home.doubt?.what !== 'is not signed' : false,
    sealed: given.identity !== undefined,
    reach: await reachOf(context, given, given.manifest, places),
  });
}

/** For people: what there is, and the command apart, where it can be copied. */
function tableOf(fields: readonly Field[], restore: readonly string[]): string {
  const told = fields.filter(({ name, value }) => name !== 'restore' && (value ?? '').toString() !== '');
  const ways = restore.length === 0 ? [] : ['To restore:', ...restore.map((line) => `  ${line}`), ''];
  return formatFields(told, 'table') + ways.join('\n');
}

function camel(name: string): string {
  return name.replace(/ (.)/g, (_all, letter: string) => letter.toUpperCase());
}

function summaryOf(entry: Entry, fields: readonly Field[]): string {
  const cell = ({ value, shown }: Field) => {
    const text = shown ?? value ?? '';
    return (Array.isArray(text) ? (text as readonly string[]) : [String(text)]).map(forMarkdown).join('<br>');
  };
  return [
    `### Restore point of ${entry.kind} ${forMarkdown(quoted(entry.name))}`,
    '',
    ...markdownRows(fields, [
      { name: 'field', value: ({ name }) => name },
      { name: 'value', markdown: cell },
    ]),
  ].join('\n');
}
