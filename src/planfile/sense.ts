import type { Kind } from '../manifest/points.ts';
import { quoted } from '../text/escape.ts';
import { usualKinds } from './plan-file.ts';
import type { BackUpText, KeepText, PlanText } from './schema.ts';
import { hoursOf } from './span.ts';

/** A problem with a value, by its path. */
export interface Nonsense {
  readonly path: string;
  readonly what: string;
}

/** Finds what a schema cannot: contradictions, and entries that can never work. */
export function nonsenseIn(text: PlanText): Nonsense[] {
  return [
    ...text['back-up'].flatMap((entry, index) => ofEntry(entry, index, text)),
    ...emptyKeep(text.keep, 'keep'),
    ...placesTwice(text.publish ?? []),
    ...withoutStore(text),
    ...(text.exclude ?? []).flatMap(({ select, kinds }, index) =>
      kinds === undefined && [select].flat().includes('all')
        ? [{ path: `exclude.${index}.select`, what: 'this excludes everything: nothing would be backed up' }]
        : [],
    ),
  ];
}

function ofEntry(entry: BackUpText, index: number, text: PlanText): Nonsense[] {
  const path = `back-up.${index}`;
  const { name, every, 'max-age': maxAge } = entry;
  const before = text['back-up'].slice(0, index);
  const twin = before.findIndex((other) => other.name === name);
  const taker = entry.also ? undefined : before.find((other) => takesAll(other, entry, text));
  return [
    ...(twin < 0
      ? []
      : [{ path: `${path}.name`, what: `${quoted(name)} is already the name of entry ${twin + 1}` }]),
    ...(maxAge !== undefined && hoursOf(maxAge) < hoursOf(every)
      ? [
          {
            path: `${path}.max-age`,
            what: `max-age ${maxAge} is shorter than every ${every}: the report would always be red`,
          },
        ]
      : []),
    ...(taker === undefined
      ? []
      : [
          {
            path: `${path}.select`,
            what: `${quoted(name)} gets nothing: ${quoted(taker.name)}, above it, takes everything; move it up, or write also: true`,
          },
        ]),
    ...(entry.raw === true && text.store === undefined
      ? [{ path: `${path}.raw`, what: 'raw is for disks that leave the cloud: give a store' }]
      : []),
    ...(entry.kinds ?? []).flatMap((kind, at) => {
      const why = unsavable(kind, text);
      return why === undefined ? [] : [{ path: `${path}.kinds.${at}`, what: why }];
    }),
    ...(isOnlySecrets(entry.kinds) && [entry.select].flat().some((one) => one.startsWith('metadata:'))
      ? [{ path: `${path}.select`, what: 'secrets have no metadata to select by: use names or ids' }]
      : []),
    ...emptyKeep(entry.keep, `${path}.keep`),
  ];
}

/** Why this kind of resource cannot be saved by this plan. */
function unsavable(kind: Kind, { store, recipients }: PlanText): string | undefined {
  if (kind === 'image' && store === undefined)
    return 'images can be saved only outside the cloud: give a store';
  if (kind !== 'secret' || (store !== undefined && recipients !== undefined)) return undefined;
  return 'secrets are saved sealed, outside the cloud: give recipients and a store';
}

function isOnlySecrets(kinds: readonly Kind[] | undefined): boolean {
  return kinds?.every((kind) => kind === 'secret') === true;
}

/** Whether the first entry leaves nothing to the second. */
function takesAll(first: BackUpText, second: BackUpText, text: PlanText): boolean {
  if (first.also || ![first.select].flat().includes('all')) return false;
  const taken = first.kinds ?? usualKinds(text);
  return (second.kinds ?? usualKinds(text)).every((kind) => taken.includes(kind));
}

function emptyKeep(keep: KeepText | undefined, path: string): Nonsense[] {
  if (keep === undefined) return [];
  const { 'min-copies': _floor, gone: _gone, ...rules } = keep;
  return Object.keys(rules).length > 0
    ? []
    : [
        {
          path,
          what: 'keep has no rule: nothing would be kept; write daily: 14 for example, or leave keep out',
        },
      ];
}

function withoutStore({ publish = [], store }: PlanText): Nonsense[] {
  const index = publish.indexOf('store');
  return index < 0 || store !== undefined
    ? []
    : [{ path: `publish.${index}`, what: 'there is no store to publish to: give a store' }];
}

/** Finds directories given twice; the schema already finds other places given twice. */
function placesTwice(publish: readonly string[]): Nonsense[] {
  const paths = publish.map((place) => place.replace(/\/+$/, ''));
  return paths.flatMap((path, index) =>
    paths.indexOf(path) === index
      ? []
      : [{ path: `publish.${index}`, what: `${quoted(path)} is given twice` }],
  );
}
