/**
 * Is the embedded cloud still like the real one? Runs one scenario against both with the demo user's rights and prints
 * where the answers differ, ids, times and hosts aside.
 *
 *   node test/fakes/compare.ts [http://127.0.0.1:5000/v3 [PART...]]
 *
 * With CLOUD_DEMO=h1 the users h1 and h1-small of test/cloud/person.py act, where others use demo meanwhile.
 * Leaves nothing behind in the real cloud. Exit 1 where something differs.
 */
import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { SparseBytes, startEmbeddedCloud } from './cloud/index.ts';
import { cinderErrors, computeErrors } from './compare/errors.ts';
import { images } from './compare/images.ts';
import { volumeJourneys } from './compare/journeys.ts';
import { cinderLimits, imageLimits } from './compare/limits.ts';
import { secrets } from './compare/secrets.ts';
import { serverJourneys } from './compare/server-journeys.ts';
import { servers } from './compare/servers.ts';
import { type Answer, isObj, Side, type Value } from './compare/side.ts';
import { volumes } from './compare/volumes.ts';

/** What is asked, of a cloud with two users in two projects. */
type Part = (side: Side, small: Side) => Promise<void>;

const PARTS: Record<string, Part> = {
  errors: cinderErrors,
  compute: computeErrors,
  secrets,
  images,
  volumes,
  servers,
  limits: async (side) => {
    await cinderLimits(side);
    await imageLimits(side);
  },
  journeys: volumeJourneys,
  'server-journeys': serverJourneys,
};

/** Paths in the two values where they differ. */
function differences(real: Value, fake: Value, at = ''): string[] {
  if (isDeepStrictEqual(real, fake)) return [];
  if (isObj(real) && isObj(fake)) {
    return [...new Set([...Object.keys(real), ...Object.keys(fake)])].flatMap((key) =>
      differences(real[key] ?? '(absent)', fake[key] ?? '(absent)', `${at}.${key}`),
    );
  }
  if (Array.isArray(real) && Array.isArray(fake) && real.length === fake.length) {
    return real.flatMap((each, index) => differences(each, fake[index] ?? null, `${at}[${index}]`));
  }
  return [`${at || 'body'}\n      real ${JSON.stringify(real)}\n      fake ${JSON.stringify(fake)}`];
}

function report(real: readonly Answer[], fake: readonly Answer[]): number {
  let wrong = 0;
  for (const [index, answer] of real.entries()) {
    const other = fake[index];
    if (other === undefined) return wrong + 1;
    const found = differences(
      { status: answer.status, headers: answer.headers, body: answer.body },
      { status: other.status, headers: other.headers, body: other.body },
    );
    if (found.length === 0) continue;
    wrong += 1;
    process.stdout.write(`${answer.label.slice(0, 200)}\n    ${found.join('\n    ')}\n`);
  }
  return wrong;
}

async function bothSides(authUrl: string, demo: string | undefined, password: string): Promise<[Side, Side]> {
  const side = await Side.open(authUrl, demo ?? 'demo', password);
  return [side, await Side.open(authUrl, demo === undefined ? 'small' : `${demo}-small`, password, side)];
}

async function main(): Promise<number> {
  const [authUrl = 'http://127.0.0.1:5000/v3', ...wanted] = process.argv.slice(2);
  let compared = 0;
  let wrong = 0;
  for (const [name, part] of Object.entries(PARTS)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    await using cloud = await startEmbeddedCloud({ foreignLinks: false, tickMs: 40 });
    // The real cloud has a public image that boots; here any bytes do.
    await cloud.seed.addImage(SparseBytes.from(randomBytes(1024 ** 2)), {
      name: 'tiny',
      visibility: 'public',
    });
    const [real, fake] = await Promise.all([
      bothSides(authUrl, process.env['CLOUD_DEMO'], 'secret'),
      bothSides(cloud.authUrl, undefined, cloud.openrc()['OS_PASSWORD'] ?? ''),
    ]);
    await Promise.all([part(...real), part(...fake)]);
    compared += real[0].answers.length;
    wrong += report(real[0].answers, fake[0].answers) + cloud.errors.length;
    for (const error of cloud.errors) process.stdout.write(`the fake itself failed: ${String(error)}\n`);
  }
  process.stdout.write(`${compared} answers compared, ${wrong} differ\n`);
  return wrong === 0 ? 0 : 1;
}

process.exitCode = await main();
