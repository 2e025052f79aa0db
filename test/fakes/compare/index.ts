/** Runs the same requests on the real cloud and on the embedded one, and tells where the answers differ. */
import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { SparseBytes, startEmbeddedCloud } from '../cloud/index.ts';
import { cinderErrors, computeErrors } from './errors.ts';
import { images } from './images.ts';
import { volumeJourneys } from './journeys.ts';
import type { Known } from './known.ts';
import { cinderLimits, imageLimits } from './limits.ts';
import { networks, serverPorts } from './networks.ts';
import { objects } from './objects.ts';
import { secrets } from './secrets.ts';
import { serverJourneys } from './server-journeys.ts';
import { servers } from './servers.ts';
import { type Answer, isObj, Side, type Value } from './side.ts';
import { volumes } from './volumes.ts';

/** What is asked, of a cloud with two users in two projects. */
type Part = (side: Side, small: Side) => Promise<void>;

export const PARTS: Readonly<Record<string, Part>> = {
  errors: cinderErrors,
  compute: computeErrors,
  secrets,
  objects,
  images,
  volumes,
  servers,
  limits: async (side) => {
    await cinderLimits(side);
    await imageLimits(side);
  },
  networks,
  'server-ports': serverPorts,
  journeys: volumeJourneys,
  'server-journeys': serverJourneys,
};

export interface Difference {
  readonly part: string;
  readonly label: string;
  readonly at: string;
  readonly real: Value;
  readonly fake: Value;
}

export interface Comparison {
  readonly compared: number;
  readonly differences: readonly Difference[];
}

/** The places in the two values where they differ. */
function places(real: Value, fake: Value, at = ''): Pick<Difference, 'at' | 'real' | 'fake'>[] {
  if (isDeepStrictEqual(real, fake)) return [];
  if (isObj(real) && isObj(fake)) {
    return [...new Set([...Object.keys(real), ...Object.keys(fake)])].flatMap((key) =>
      places(real[key] ?? '(absent)', fake[key] ?? '(absent)', `${at}.${key}`),
    );
  }
  if (Array.isArray(real) && Array.isArray(fake) && real.length === fake.length)
    return real.flatMap((each, index) => places(each, fake[index] ?? null, `${at}[${index}]`));
  return [{ at, real, fake }];
}

function differences(part: string, real: readonly Answer[], fake: readonly Answer[]): Difference[] {
  const found = real.flatMap((answer, index) => {
    const { label, ...mine } = answer;
    const other = fake[index];
    if (other === undefined) return [{ part, label, at: '', real: 'answered', fake: 'not asked' }];
    const { label: _label, ...theirs } = other;
    return places({ ...mine }, { ...theirs }).map((place) => ({ part, label, ...place }));
  });
  const more = fake.slice(real.length);
  return [
    ...found,
    ...more.map(({ label }) => ({ part, label, at: '', real: 'not asked', fake: 'answered' })),
  ];
}

async function bothSides(
  authUrl: string,
  demo: string,
  small: string,
  password: string,
): Promise<[Side, Side]> {
  const side = await Side.open(authUrl, demo, password);
  return [side, await Side.open(authUrl, small, password, side)];
}

/** As these users of the real cloud: `demo` and `demo-small`, except that demo's other one is small. */
export async function compare(authUrl: string, demo: string, name: string): Promise<Comparison> {
  const part = PARTS[name];
  if (part === undefined) throw new Error(`no part ${name}: ${Object.keys(PARTS).join(', ')}`);
  await using cloud = await startEmbeddedCloud({ foreignLinks: false, tickMs: 40 });
  // The real cloud has a public image that boots; here any bytes do.
  await cloud.seed.addImage(SparseBytes.from(randomBytes(1024 ** 2)), { name: 'tiny', visibility: 'public' });
  const [real, fake] = await Promise.all([
    bothSides(authUrl, demo, demo === 'demo' ? 'small' : `${demo}-small`, 'secret'),
    bothSides(cloud.authUrl, 'demo', 'small', cloud.openrc()['OS_PASSWORD'] ?? ''),
  ]);
  await Promise.all([part(...real), part(...fake)]);
  const failures = cloud.errors.map((error) => ({
    part: name,
    label: 'the embedded cloud itself failed',
    at: '',
    real: null,
    fake: String(error),
  }));
  return {
    compared: real[0].answers.length,
    differences: [...differences(name, real[0].answers, fake[0].answers), ...failures],
  };
}

function is(known: Known, { part, label, at }: Difference): boolean {
  return known.part === part && label.startsWith(known.label) && at === known.at;
}

/** What is not known to differ, and what is said to differ and does not. */
export function unexpected(
  part: string,
  found: readonly Difference[],
  known: readonly Known[],
): { differences: Difference[]; stale: Known[] } {
  return {
    differences: found.filter((each) => !known.some((entry) => is(entry, each))),
    stale: known.filter((entry) => entry.part === part && !found.some((each) => is(entry, each))),
  };
}
