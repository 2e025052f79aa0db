import { findKeys, type WantedKey } from '../backup/secret/choose.ts';
import { saveSecret } from '../backup/secret/save.ts';
import { InputError, PlainError } from '../errors.ts';
import { cloudInputs } from '../inputs/cloud.ts';
import { savingInputs, savingOutputs } from '../inputs/saving.ts';
import { storeInputs } from '../inputs/store.ts';
import type { Inputs, Values } from '../inputs/table.ts';
import type { Session } from '../openstack/connection.ts';
import { readableKey } from '../openstack/keymanager/v1/readable.ts';
import { pool } from '../pool.ts';
import type { Context, Outcome } from '../run/context.ts';
import { quoted } from '../text/escape.ts';
import { defineCommand } from './command.ts';
import { openPlaces } from './publishing.ts';
import { failed, finishSaving, type Subject, saveEach, startSaving } from './saving.ts';
import { savingStore } from './storing.ts';

const inputs = {
  ...cloudInputs,
  secrets: { kind: 'list', placeholder: 'SECRET', description: 'Secrets of Barbican, by id or name.' },
  volumes: {
    kind: 'list',
    placeholder: 'VOLUME',
    description: 'Volumes whose keys are saved: ids, names, `metadata:KEY=VALUE` or `name:PATTERN`.',
  },
  backups: { kind: 'list', placeholder: 'BACKUP', description: 'Cinder backups whose keys are saved.' },
  images: { kind: 'list', placeholder: 'IMAGE', description: 'Images whose keys are saved.' },
  plaintext: {
    kind: 'boolean',
    default: 'false',
    description:
      'Write the keys in clear, into files that only you can read. In a terminal only; otherwise they are sealed to `recipients`, or not written at all.',
  },
  ...storeInputs,
  ...savingInputs,
} as const satisfies Inputs;

export const exportSecret = defineCommand({
  name: 'export-secret',
  summary: 'Save keys of Barbican, sealed to age recipients.',
  inputs,
  outputs: savingOutputs,
  run,
});

async function run(context: Context, given: Values<typeof inputs>): Promise<Outcome<typeof savingOutputs>> {
  const { host } = context;
  refuseBareKeys(context, given);
  const places = await openPlaces(context, given);
  const payloads = await savingStore(context, { ...given, compression: 'none' });

  const session = await context.connect(given);
  const started = new Date(session.clock.now()).toISOString();
  const looked = await pool(await findKeys(session, given), 4, (key) => look(session, key));
  const refused = looked.flatMap(({ key, error }) => (error === undefined ? [] : [{ key, error }]));
  const keys = looked.flatMap(({ key, error }) => (error === undefined ? [key] : []));
  for (const key of keys) host.log.info(`${nameOf(key)}${usersOf(key)} goes to ${payloads.place}`);
  for (const { key, error } of refused) host.log.warn(`${nameOf(key)} cannot be saved: ${error.message}`);
  if (given.plaintext)
    host.log.warn('the keys are written in clear: who reads these files can open all that they encrypt');
  if (context.dryRun) return { outputs: {}, failed: refused.length > 0 };

  for (const place of places) await place.prepare(started);
  await payloads.prepare();
  const saving = startSaving(context, session, places, payloads, started, given.deadline);
  const tools = { session, payloads, clock: session.clock, signal: host.signal };
  for (const { key, error } of refused) failed(saving, subjectOf(key), error);
  const jobs = keys.map((key) => ({
    subject: subjectOf(key),
    gigabytes: 0,
    save: async () => {
      const { point } = await saveSecret(key.id, key.usedBy, tools, given.plaintext);
      await saving.record.add(point);
      host.log.info(`${nameOf(key)} is saved as ${point.payload.name}`);
    },
  }));
  await saveEach(saving, 'saving keys', jobs, 4);
  return finishSaving(saving, []);
}

interface Looked {
  readonly key: WantedKey;
  readonly error: PlainError | undefined;
}

/** Whether a key can be read. */
async function look(session: Session, key: WantedKey): Promise<Looked> {
  try {
    await readableKey(session, key.id, `secret ${key.id}`);
    return { key, error: undefined };
  } catch (error) {
    if (error instanceof PlainError) return { key, error };
    throw error;
  }
}

function subjectOf({ id, name }: WantedKey): Subject {
  return { kind: 'secret', id, name };
}

/** @throws InputError where a key would leave the process in clear without being asked for by name */
function refuseBareKeys({ host }: Context, given: Values<typeof inputs>): void {
  // As a step that runs the program itself, too.
  const inWorkflow = host.github !== undefined || host.environment['GITHUB_ACTIONS'] === 'true';
  if (given.plaintext && inWorkflow)
    throw new InputError(
      '`plaintext` is for a terminal: in a workflow a key in clear would be on a machine of somebody else',
      'Seal the keys with `recipients`.',
    );
  if (given.plaintext && given.recipients.length > 0)
    throw new InputError(
      '`plaintext` and `recipients` contradict each other',
      'Leave `plaintext` out: sealed keys can be opened with age.',
    );
  if (!given.plaintext && given.recipients.length === 0)
    throw new InputError(
      'nobody is named whom the keys are sealed to',
      'Name one or more age recipients with `recipients`: age-keygen makes a pair. A key is never written in clear unless asked for by name.',
    );
}

function nameOf({ id, name }: WantedKey): string {
  return `secret ${name === '' ? '' : `${quoted(name)} `}${name === '' ? id : `(${id})`}`;
}

function usersOf({ usedBy }: WantedKey): string {
  return usedBy.length === 0
    ? ''
    : `, the key of ${usedBy.map(({ kind, id, name }) => `${kind} ${quoted(name)} (${id})`).join(', ')},`;
}
