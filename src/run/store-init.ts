import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { InputError, messageOf } from '../errors.ts';
import { newIdentity, sealer } from '../keys/age.ts';
import { probe } from '../payload/blocks/probe.ts';
import { exists } from '../store/file.ts';
import type { Place } from '../store/place.ts';
import { isDirectory } from '../store/place-name.ts';
import { forShell, quoted } from '../text/escape.ts';
import type { Context } from './context.ts';
import { addressed, reachOf } from './places/reach.ts';
import { neededPlace, type StoreGiven } from './places/storing.ts';

const ANOTHER =
  'Name a new directory with `keys`. Keys are never overwritten: they may be all that opens the backups of another store.';

/** Tries a store and makes its keys, in files: none is ever printed. */
export async function initStore(
  context: Context,
  given: StoreGiven & { readonly keys: string; readonly recipients: readonly string[] },
) {
  const { host, dryRun } = context;
  if (host.github !== undefined)
    throw new InputError(
      'keys are not made in a workflow: they would be gone with its runner, or others would read them',
      'Run `openstack-backup store init` on your own machine.',
    );
  if (given.recipients.length > 0) await sealer(given.recipients);
  const directory = resolve(host.directory, given.keys);
  const place = await neededPlace(context, given);
  if (await exists(directory)) throw new InputError(`${quoted(given.keys)} already exists`, ANOTHER);
  if (dryRun) {
    const outputs = { keys: given.keys };
    return { outputs, failed: false, printed: `would try ${place.name}, and make keys in ${given.keys}\n` };
  }
  const store = await addressOf(context, given, place);
  await place.prepare();
  await probe(place, (name) =>
    host.log.warn(
      `${place.name} does not let this credential delete: ${name}, and perhaps .proof, stay there. \`prune\` needs one that may`,
    ),
  );
  const { identity, recipient } = await newIdentity();
  const { privateKey, publicKey } = generateKeyPairSync('ed25519', {
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const recipients = [recipient, ...given.recipients];
  await write(directory, given.keys, {
    'identity.txt': `# public key: ${recipient}\n${identity}\n`,
    'store.key': `${randomBytes(32).toString('hex')}\n`,
    'sign.pem': privateKey,
    'verify.pem': publicKey,
    'recipients.txt': `${recipients.join('\n')}\n`,
  });
  const file = (name: string) => forShell(join(given.keys, name));
  const printed = [
    `${place.name} can be written and read. The keys are in ${given.keys}. Give your workflows what they need:`,
    '',
    `gh secret set BACKUP_STORE_KEY < ${file('store.key')}`,
    `gh secret set BACKUP_SIGN_KEY < ${file('sign.pem')}`,
    `gh variable set BACKUP_VERIFY_KEY < ${file('verify.pem')}`,
    `gh variable set BACKUP_RECIPIENTS --body ${recipients.join(',')}`,
    ...(store === undefined ? [] : [`gh variable set BACKUP_STORE --body ${forShell(store)}`]),
    '',
    `Print ${file('identity.txt')} on paper, twice, put it into two safes, and delete it here. Whoever has it can open everything`,
    'that is sealed to it. Without it nobody can, and it cannot be made again. A job that saves never needs it.',
    ...(given.recipients.length > 0
      ? []
      : [
          'Only this one identity opens the backups: add a second person with `recipients` before the first backup.',
        ]),
    'If the store key is lost, make another: the next backup of each disk is then a full one. A restore needs neither the store key nor sign.pem.',
    '',
  ].join('\n');
  return {
    outputs: { keys: given.keys, recipients: recipients.join(',') },
    failed: false,
    printed: host.words(printed),
  };
}

/** The store as a workflow takes it, with the region and endpoint that other inputs gave; undefined if none was given. */
async function addressOf(context: Context, given: StoreGiven, { name }: Place): Promise<string | undefined> {
  if (given.store === undefined || isDirectory(name)) return given.store;
  return addressed(name, await reachOf(context, given, [], [name])) ?? given.store;
}

/** @throws InputError if the directory exists: keys are never overwritten */
async function write(directory: string, shown: string, files: Readonly<Record<string, string>>) {
  let made = false;
  try {
    await mkdir(join(directory, '..'), { recursive: true });
    await mkdir(directory, { mode: 0o700 });
    made = true;
    for (const [name, text] of Object.entries(files))
      await writeFile(join(directory, name), text, { flag: 'wx', mode: 0o600, flush: true });
  } catch (error) {
    // Half of the keys are of no use, and would be in the way of the next try.
    if (made) await rm(directory, { recursive: true, force: true });
    throw new InputError(
      (error as NodeJS.ErrnoException).code === 'EEXIST'
        ? `${shown} already exists`
        : `cannot write keys into ${shown}: ${messageOf(error)}`,
      ANOTHER,
      error,
    );
  }
}
