/**
 * Is the embedded cloud still like the real one? Prints where the answers differ, ids, times and hosts aside; the jest
 * test test/cloud/compare.test.ts asks the same.
 *
 *   node test/fakes/compare.ts [http://127.0.0.1:5000/v3 [PART...]]
 *
 * With CLOUD_DEMO=h1 the users h1 and h1-small of test/cloud/person.py act, where others use demo meanwhile.
 * Leaves nothing behind in the real cloud. Exit 1 where something differs.
 */
import { compare, PARTS, unexpected } from './compare/index.ts';
import { KNOWN } from './compare/known.ts';

async function main(): Promise<number> {
  const [authUrl = 'http://127.0.0.1:5000/v3', ...wanted] = process.argv.slice(2);
  let compared = 0;
  let wrong = 0;
  for (const part of wanted.length > 0 ? wanted : Object.keys(PARTS)) {
    const comparison = await compare(authUrl, process.env['CLOUD_DEMO'] ?? 'demo', part);
    const { differences, stale } = unexpected(part, comparison.differences, KNOWN);
    compared += comparison.compared;
    wrong += differences.length + stale.length;
    for (const { label, at, real, fake } of differences)
      process.stdout.write(
        `${label.slice(0, 200)}\n    ${at || 'answer'}\n      real ${JSON.stringify(real)}\n      fake ${JSON.stringify(fake)}\n`,
      );
    for (const { label, at } of stale) process.stdout.write(`${label} ${at}: no longer differs\n`);
  }
  process.stdout.write(`${compared} answers compared, ${wrong} differences\n`);
  return wrong === 0 ? 0 : 1;
}

process.exitCode = await main();
