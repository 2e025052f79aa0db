import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { FaultDeed, FaultWhen } from '../fakes/cloud/index.ts';
import type { EmbeddedWorld } from '../scenarios/embedded.ts';
import { FAULTS, onlyOneClearError } from './faults.ts';
import type { Told } from './in-process.ts';
import { forget, has, newIn, standing } from './standing.ts';

/** A command that can be run again and again in its world, and what must be true of every run of it. */
export interface Trial {
  readonly world: EmbeddedWorld;
  run(): Promise<Told>;
  /**
   * Compares all that the run says that it saved or brought back with its source.
   *
   * @returns ids of what it made to stay in the cloud
   */
  prove(told: Told): Promise<readonly string[]>;
}

interface Strike {
  readonly deed: FaultDeed;
  readonly times?: number;
  /** A second fault: what the run wants to clean up with. */
  readonly noDeletes?: true;
}

type Fault = readonly [name: string, Strike];

interface Request {
  readonly method: string;
  /** With `{id}` for ids. */
  readonly path: string;
}

/** All reads are made by the same few lines, which meet every fault elsewhere; what a refusal means is up to each. */
const AT_READS = ['403', '503 always'];
const AT_WRITES = [
  ...AT_READS,
  '401 once',
  '429 with Retry-After',
  '500 once',
  'a lost answer',
  'a lost request',
  'a body cut short',
];
const AT_DATA = [...AT_WRITES, 'a slow body'];
const ID = /[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}/g;

/** What a run asks of the cloud when nothing goes wrong, each kind of request once. */
async function requestsOf({ world, run, prove }: Trial): Promise<Request[]> {
  const before = world.cloud.requests.length;
  const told = await run();
  expect([told.code, told.error]).toEqual([0, '']);
  forget(world.cloud, await prove(told));
  const asked = world.cloud.requests
    .slice(before)
    .map(({ method, path }) => ({ method, path: path.replace(ID, '{id}') }));
  return [...new Map(asked.map((request) => [`${request.method} ${request.path}`, request])).values()];
}

function faultsFor({ method, path }: Request): Fault[] {
  const isData = path.endsWith('/file');
  const names = isData ? AT_DATA : method === 'GET' ? AT_READS : AT_WRITES;
  const faults: Fault[] = Object.entries(FAULTS).filter(([name]) => names.includes(name));
  if (method !== 'GET' && method !== 'DELETE')
    faults.push([
      '403, and nothing can be deleted',
      { deed: { status: 403 }, times: Number.POSITIVE_INFINITY, noDeletes: true },
    ]);
  if (isData && method === 'GET') faults.push(['a flipped bit', { deed: 'flipped-bit' }]);
  if (isData && method === 'PUT') faults.push(['an upload that breaks', { deed: 'cut-upload' }]);
  return faults;
}

function whenOf({ method, path }: Request): FaultWhen {
  const literal = path.replace(/[.*+?^$()|[\]\\/]/g, '\\$&').replaceAll('{id}', ID.source);
  return { method, path: new RegExp(`^${literal}(\\?|$)`) };
}

/** Trials that read the same things: at a read that one was struck at, the others are not. */
export type Trials = readonly { readonly title: string; open(): Promise<Trial> }[];

/**
 * Every fault at every request that the command makes: it goes on, or says what is the matter. The source is as it was,
 * nothing is called saved that is not, and nothing is left that the next run does not remove, or keeps and tells of. What is
 * left is told by its id, and not by how the product calls it.
 */
export function strikeEveryRequest(trials: Trials): Promise<void> {
  return strike(trials, (requests) => requests.flatMap(casesOf));
}

/** Whether nothing is a sample. */
export const ALL = process.env['STORE_MATRIX'] === 'all';

/**
 * Of that, every other write once, with its faults in turn; all with `STORE_MATRIX=all`.
 *
 * @param each of how many writes one
 */
export function strikeSome(trials: Trials, each = 2): Promise<void> {
  if (ALL) return strikeEveryRequest(trials);
  return strike(trials, (requests) =>
    requests
      .filter(isWrite)
      .filter((_, at) => at % each === 0)
      .flatMap((request, at) => {
        const cases = casesOf(request);
        return cases[at % cases.length] ?? [];
      }),
  );
}

async function strike(trials: Trials, choose: (requests: readonly Request[]) => Case[]): Promise<void> {
  const read = new Set<string>();
  for (const { title, open } of trials) {
    // Jest calls no hook where no test is wanted: what is open here must be closed here.
    const scout = await open();
    const asked = await requestsOf(scout).finally(() => scout.world.close());
    const requests = asked.filter(({ method, path }) => method !== 'GET' || !read.has(path));
    for (const { method, path } of requests) if (method === 'GET') read.add(path);
    const cases = choose(requests);
    if (cases.length > 0) describeCases(title, open, cases);
  }
}

interface Case extends Omit<Strike, 'times'> {
  readonly fault: string;
  readonly what: string;
  readonly when: FaultWhen;
}

function casesOf(request: Request): Case[] {
  return faultsFor(request).map(([fault, { times = 1, ...strike }]) => ({
    ...strike,
    fault,
    when: { ...whenOf(request), times },
    what: `${request.method} ${request.path}`,
  }));
}

function describeCases(title: string, open: () => Promise<Trial>, cases: readonly Case[]): void {
  describe(title, () => {
    let trial: Trial;
    let stillOpen = () => {};
    let unasked = 0;
    beforeAll(async () => {
      trial = await open();
    }, 60_000);
    afterEach(() => stillOpen());
    afterAll(() => trial.world.close(), 180_000);

    test.each(cases)(
      '$fault: $what',
      async ({ deed, when, noDeletes }) => {
        const { cloud } = trial.world;
        const before = standing(cloud);
        // One that fails leaves nothing to the next.
        stillOpen = () => forget(cloud, newIn(cloud, before));
        const asked = cloud.requests.length;
        const planted = cloud.faults.add({ when, do: deed });
        if (noDeletes)
          cloud.faults.add({
            // A rule of a group is no resource: without an empty group a drill goes no further.
            when: { method: 'DELETE', path: /^(?!.*security-group-rules)/, times: Number.POSITIVE_INFINITY },
            do: { status: 503 },
          });
        const struck = await runUntilStruck(trial, before, when, planted);
        cloud.faults.clear();
        await cloud.ticks.settle();
        if (when.method === 'GET' && planted.hits === 0) unasked += 1;
        else expect(planted.hits).toBeGreaterThan(0);
        onlyOneClearError(struck);
        if (struck.code === 2) expect(cloud.requests.slice(asked).filter(isWrite)).toEqual([]);
        forget(cloud, noDeletes ? leftToPeople(struck, cloud) : []);
        forget(cloud, strays(struck, cloud));
        await expectOnlyWhatIsProved(trial, before, struck);
        if (struck.code === 0 && newIn(cloud, before).length === 0) return;

        const next = await trial.run();
        expect([next.code, next.error]).toEqual([0, '']);
        await cloud.ticks.settle();
        await expectOnlyWhatIsProved(trial, before, next);
        const left = newIn(cloud, before);
        expect(left.filter((id) => !isKept(next, id, cloud))).toEqual([]);
        forget(cloud, left);
      },
      60_000,
    );

    test('nearly every fault was met', () => {
      expect(unasked).toBeLessThanOrEqual(cases.length / 20);
    });
  });
}

/** Runs until the fault is met. Which single things a waiting run reads depends on the moment of its looks. */
async function runUntilStruck(
  trial: Trial,
  before: ReadonlyMap<string, string>,
  when: FaultWhen,
  planted: { readonly hits: number },
): Promise<Told> {
  const { cloud } = trial.world;
  let struck = await trial.run();
  for (let again = 0; planted.hits === 0 && when.method === 'GET' && again < 5; again += 1) {
    expect([struck.code, struck.error]).toEqual([0, '']);
    await cloud.ticks.settle();
    await expectOnlyWhatIsProved(trial, before, struck);
    expect(newIn(cloud, before)).toEqual([]);
    struck = await trial.run();
  }
  return struck;
}

/** What a run that could not clean up tells a person to remove, with the keys that go with it. */
function leftToPeople({ log }: Told, cloud: EmbeddedWorld['cloud']): string[] {
  const left = [...log.matchAll(/([^\s"]+)"?, made for the restore, cannot be removed, and no later run/g)];
  return left.flatMap(([, id = '']) => [id, cloud.state.volumes.get(id)?.encryptionKeyId ?? '']);
}

/** Empty secrets that nobody can tell the owner of: what a lost answer leaves, and a person is told to remove. */
function strays({ log }: Told, { state }: EmbeddedWorld['cloud']): string[] {
  const told = [...log.matchAll(/secret ([0-9a-f-]{36}), which is empty, may come from a request/g)];
  return told.flatMap(([, id = '']) => (state.secrets.get(id)?.payload == null ? [id] : []));
}

/** What the run says that it keeps for a person to look at, by its id. */
export function isTold({ log }: Told, id: string): boolean {
  return log.split('\n').some((line) => line.includes(id) && line.includes('it is kept'));
}

/** So is the security group of a port that it keeps. */
export function isKept(told: Told, id: string, { state }: EmbeddedWorld['cloud']): boolean {
  const ports = [...state.network.ports.values()].filter(({ securityGroups }) => securityGroups.includes(id));
  return [id, ...ports.map((port) => port.id)].some((one) => isTold(told, one));
}

/** What could change something in the cloud. */
export function isWrite({ method, path }: Request): boolean {
  return method !== 'GET' && !path.endsWith('/auth/tokens');
}

async function expectOnlyWhatIsProved(
  { world: { cloud }, prove }: Trial,
  before: ReadonlyMap<string, string>,
  told: Told,
): Promise<void> {
  const made = await prove(told);
  for (const id of made) expect([id, has(cloud, id)]).toEqual([id, true]);
  forget(cloud, made);
  const now = standing(cloud);
  expect([...now].filter(([id]) => before.has(id)).sort()).toEqual([...before].sort());
}
