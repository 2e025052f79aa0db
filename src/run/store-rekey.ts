import { messageOf } from '../errors.ts';
import { sealer } from '../keys/age.ts';
import { type Openable, whoOpens } from '../payload/blocks/who-opens.ts';
import { bytes } from '../text/bytes.ts';
import { type Column, formatRows } from '../text/rows.ts';
import { counted, toMinute } from '../text/words.ts';
import type { Context } from './context.ts';
import { neededPlace, type StoreGiven } from './places/storing.ts';

/** Shows who can open what in a store, and what other recipients change. Changes nothing itself. */
export async function rekeyStore(
  context: Context,
  given: StoreGiven & { readonly recipients: readonly string[] },
) {
  const { host } = context;
  const { recipients } = given;
  if (recipients.length > 0) await sealer(recipients);
  const { points, openable, unread } = await whoOpens(await neededPlace(context, given));
  for (const { map, error } of unread) host.log.warn(`${map} cannot be read: ${messageOf(error)}`);
  const known = new Set(openable.map(({ recipient }) => recipient));
  const none = { resources: 0, points: 0, bytes: 0 };
  const fresh = recipients.filter((one) => !known.has(one));
  const all = [...openable, ...fresh.map((recipient) => ({ recipient, ...none }))];
  const chosen = new Set<string | undefined>(recipients);
  const rows = all.map((one) => ({ ...one, given: chosen.has(one.recipient) }));
  const dropped = rows.filter((one) => recipients.length > 0 && !one.given && one.recipient !== undefined);
  const printed = [
    formatRows(rows, COLUMNS, 'table'),
    `${counted(points, 'restore point')} in the store. Keys and manifests are not listed: they do not say whom they are sealed to.\n`,
    'What is sealed to one recipient alone is lost with its identity: nobody can make that again.\n',
    ...(fresh.length > 0 ? [ADDED] : []),
    ...(dropped.length > 0 ? [DROPPED] : []),
    ...(recipients.length === 0
      ? []
      : [`Give these from now on: gh variable set BACKUP_RECIPIENTS --body ${recipients.join(',')}\n`]),
    ...(recipients.length === 1 ? ['Only one recipient is given: add a second person.\n'] : []),
  ].join('');
  return {
    outputs: {
      opens: JSON.stringify(rows.map(({ recipient = null, ...row }) => ({ recipient, ...row }))),
    },
    failed: unread.length > 0,
    printed: host.words(printed),
  };
}

const ADDED =
  'New recipients open what is saved from now on, not what is there already: only the owner of an identity could seal that again. The next backup of each disk takes nothing over that they cannot open: it is a full one, and they open it and all later ones. To have that now, run a backup of everything; what is gone from the cloud stays as it is.\n';
const DROPPED =
  'Recipients that you no longer give still open what is there, and what later restore points take over from it. If an identity was stolen, start a new store, and change every password and key in the data.\n';

const timeOf = (taken: string | undefined) => (taken === undefined ? '' : toMinute(Date.parse(taken)));

const COLUMNS: readonly Column<Openable & { readonly given: boolean }>[] = [
  { name: 'recipient', value: ({ recipient }) => recipient ?? '(in clear: anybody)' },
  { name: 'given', value: ({ given }) => (given ? 'yes' : '') },
  { name: 'resources', value: ({ resources }) => resources },
  { name: 'points', value: ({ points }) => points },
  { name: 'oldest', value: ({ oldest }) => timeOf(oldest) },
  { name: 'newest', value: ({ newest }) => timeOf(newest) },
  { name: 'data', value: ({ bytes: size }) => bytes(size) },
];
