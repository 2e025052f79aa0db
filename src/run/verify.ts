import { randomInt } from 'node:crypto';
import { doubtsOf } from '../catalog/doubts.ts';
import { pick } from '../catalog/pick.ts';
import { judge } from '../catalog/whole.ts';
import { timestamp } from '../clock.ts';
import { InputError, OperationError, type PlainError } from '../errors.ts';
import type { VerifyInputs } from '../inputs/verify.ts';
import { opener } from '../keys/age.ts';
import type { ManifestRecord } from '../publish/record.ts';
import type { Place } from '../store/place.ts';
import { GIB } from '../text/bytes.ts';
import { counted } from '../text/words.ts';
import { readAll, type Work, workFor } from '../verify/read.ts';
import { parseSample, type Sample } from '../verify/sample.ts';
import { saysAll, sealedSubjects } from '../verify/sealed.ts';
import type { Seen } from '../verify/seen.ts';
import { type Subject, subjectsOf } from '../verify/subjects.ts';
import { recordsOf, type Verdict, verdictOf } from '../verify/verdict.ts';
import type { Context } from './context.ts';
import { namedPlace, namedStore, shelfOf } from './places/storing.ts';
import { type Catalog, failureOf, readCatalog } from './reading/catalog.ts';
import { wantedOf } from './reading/wanted.ts';
import { type RecordBeside, recordBeside } from './record-beside.ts';
import { pointWords, verdictSummary, verdictsJson, verdictTable, workWords } from './verify/show.ts';

/** Finds out how far restore points are good, records it, and fails for what is not. Changes nothing else. */
export async function verifyPoints(context: Context, given: VerifyInputs) {
  const { host } = context;
  const sample = parseSample(given.sample, given.seed, () => randomInt(2 ** 32));
  const started = timestamp(context.host.clock);
  const wanted = wantedOf(given, context.host.clock.now());
  // What objects lack is looked at here, and recorded for those who do not list the store.
  const catalog = await readCatalog(context, given, 'maps');
  const opened = subjectsOf(
    catalog.found,
    pick(catalog.entries, wanted),
    judge(catalog.looked),
    given['verify-key'] !== undefined,
  );
  const { sealed, unread } = await unopened(context, given, catalog, wanted);
  const subjects = [...opened, ...sealed];
  if (subjects.length === 0) throw noSubjects({ ...catalog, unread });
  const place = await namedPlace(context, given);
  const work = await workFor(place, subjects, given.level, sample, host.signal);
  await checkIdentity(given, work);
  const records = await openRecords(context, given, subjects, started);
  const told = workWords(work, sample);
  for (const line of told) host.log.info(line);
  if (context.dryRun) return planOf(subjects, work);

  const seen = await read(context, given, place, work);
  const verdicts = subjects.map((subject) => verdictOf(subject, given.level, (name) => seen.get(name)));
  const failed = verdicts.filter(({ fault, unsure }) => fault !== undefined || unsure !== undefined);
  for (const verdict of failed) host.log.error(`${pointWords(verdict)}: ${adviceOf(verdict)}`);
  const published = await publish(context, records, verdicts, sample);
  const failure = failureOfAll(verdicts, failed.length, published, failureOf({ ...catalog, unread }));
  const lines = [...told, ...(failure === '' ? [] : [`failed: ${failure}`])];
  return {
    outputs: {
      verified: JSON.stringify(verdictsJson(verdicts)),
      failed: JSON.stringify(failed.map(failureJson)),
      ...(sample !== undefined && { seed: String(sample.seed) }),
      ...(published?.[0] !== undefined && { manifest: published[0] }),
    },
    failed: failure !== '',
    failure,
    printed: verdictTable(verdicts, lines),
    summary: verdictSummary(titleOf(verdicts, failed.length), verdicts, lines),
  };
}

function noSubjects(catalog: Catalog): PlainError {
  const what = 'no manifest lists such a restore point';
  const { failed, failure } = failureOf(catalog);
  // One that is sealed lacks an input, and was warned of.
  return failed && catalog.unread.some(({ receipt }) => receipt === undefined)
    ? new OperationError(`nothing could be verified: ${what}, and ${failure}`, 'The lines above say why.')
    : new InputError(what, 'See `openstack-backup list` for those that there are.');
}

/**
 * The points of manifests that this run cannot open, as far as their envelopes say enough to compare what is stored; and
 * the manifests of which that is not so.
 */
async function unopened(
  context: Context,
  given: VerifyInputs,
  { unread, looked }: Catalog,
  wanted: ReturnType<typeof wantedOf>,
): Promise<{ readonly sealed: readonly Subject[]; readonly unread: Catalog['unread'] }> {
  const isChosen =
    [wanted.tags, ...Object.values(wanted.resources)].flat().length > 0 || wanted.at !== undefined;
  const known = unread.flatMap(({ reference, receipt }) =>
    receipt !== undefined && saysAll(receipt) ? [{ reference, receipt }] : [],
  );
  // Envelopes have no names, and opening needs the identity.
  if (known.length === 0 || isChosen || !['L0', 'L1a'].includes(given.level)) return { sealed: [], unread };
  const shelf = looked.shelf ?? (await shelfOf(context, given, doubtsOf([])));
  if (shelf?.sizes === undefined) return { sealed: [], unread };
  const { subjects, absent } = sealedSubjects(known, shelf.sizes, wanted.since);
  const { log } = context.host;
  log.info(
    `${counted(known.length, 'sealed manifest')}: what is stored is compared with the envelopes, and that is not recorded`,
  );
  if (absent > 0)
    log.warn(
      `${counted(absent, 'point')} of sealed manifests ${absent === 1 ? 'is' : 'are'} not in the store: deleted, or lost. Only a run with \`identity\` can tell`,
    );
  const named = new Set(known.map(({ reference }) => reference));
  return { sealed: subjects, unread: unread.filter(({ reference }) => !named.has(reference)) };
}

/** @throws InputError before anything is read */
async function checkIdentity({ level, identity }: VerifyInputs, { parts }: Work): Promise<void> {
  if (level === 'L0' || level === 'L1a') return;
  if (parts.some(({ payload }) => payload.sealed)) await opener(identity, `what \`level: ${level}\` opens`);
}

/** A record per cloud: a manifest is of one. Undefined if nobody would believe it. */
async function openRecords(
  context: Context,
  given: VerifyInputs,
  subjects: readonly Subject[],
  started: string,
): Promise<readonly { readonly of: ReadonlySet<Subject>; readonly beside: RecordBeside }[] | undefined> {
  if (given['verify-key'] !== undefined && given['sign-key'] === undefined) {
    context.host.log.warn(
      'the result is not recorded: with `verify-key`, a list believes only what is signed. Give `sign-key` too',
    );
    return undefined;
  }
  const groups = Map.groupBy(subjects, ({ cloud }) => cloud && `${cloud.project.id} ${cloud.region}`);
  const records: { of: ReadonlySet<Subject>; beside: RecordBeside }[] = [];
  for (const group of groups.values()) {
    const [{ cloud } = { cloud: undefined }] = group;
    if (cloud === undefined) continue;
    const references = group.flatMap((subject) => subject.references);
    records.push({
      of: new Set(group),
      beside: await recordBeside(context, given, cloud, references, started),
    });
  }
  return records;
}

async function read(
  context: Context,
  given: VerifyInputs,
  place: Place | undefined,
  work: Work,
): Promise<ReadonlyMap<string, Seen>> {
  const { host } = context;
  const store = await namedStore(context, given);
  if (place === undefined || store === undefined || work.parts.length === 0) return work.seen;
  const bar = host.progress.start('Verifying', { items: work.parts.length, gigabytes: work.bytes / GIB });
  try {
    const onBytes = (count: number) => bar.advance(0, count / GIB);
    const hide = (bytes: Buffer) => host.secrets.add(bytes);
    return await readAll(work, { place, store, hide, signal: host.signal, onBytes }, () => bar.advance(1, 0));
  } finally {
    bar.finish();
  }
}

/** @returns the manifests of the records; undefined if one could not be published */
async function publish(
  context: Context,
  records: Awaited<ReturnType<typeof openRecords>>,
  verdicts: readonly Verdict[],
  sample: Sample | undefined,
): Promise<readonly string[] | undefined> {
  const manifests: string[] = [];
  const time = timestamp(context.host.clock);
  for (const { of, beside } of records ?? []) {
    const points: Parameters<ManifestRecord['verify']>[0] = recordsOf(
      verdicts.filter(({ subject }) => of.has(subject)),
      sample,
      time,
    );
    if (points.length === 0) continue;
    beside.record.verify(points);
    const manifest = await beside.publish(time);
    if (manifest === undefined) return undefined;
    manifests.push(manifest);
  }
  return manifests;
}

function failureOfAll(
  verdicts: readonly Verdict[],
  failed: number,
  published: readonly string[] | undefined,
  catalog: ReturnType<typeof failureOf>,
): string {
  return [
    ...(failed === 0 ? [] : [`${failed} of ${counted(verdicts.length, 'restore point')} did not pass`]),
    ...(verdicts.every(({ level }) => level === null) && failed === 0 ? ['nothing could be verified'] : []),
    ...(published === undefined ? ['the result could not be recorded'] : []),
    ...(catalog.failed ? [catalog.failure] : []),
  ].join('; ');
}

const ADVICE =
  'Put an undamaged copy of it into the store and verify again, or use another restore point. A backup with `refresh` stores every block anew in time';

function adviceOf({ fault, unsure }: Verdict): string {
  return fault === undefined ? `not verified: ${unsure}` : `${fault}. ${ADVICE}`;
}

function failureJson(verdict: Verdict) {
  const { point, kind, id, name } = verdict.subject.entry;
  return { kind, id, name, point, error: verdict.fault ?? verdict.unsure };
}

function titleOf(verdicts: readonly Verdict[], failed: number): string {
  return `${counted(verdicts.length, 'restore point')} verified${failed === 0 ? '' : `, ${failed} did not pass`}`;
}

function planOf(subjects: readonly Subject[], { level, all, drawn, bytes }: Work) {
  const points = subjects.map(({ entry: { point, kind, id, name, time } }) => ({
    point,
    kind,
    id,
    name,
    time,
  }));
  return { outputs: {}, failed: false, plan: { level, points, all, drawn, bytes } };
}
