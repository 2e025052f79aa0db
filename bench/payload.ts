import { throughAll } from '../test/support/payload-flow.ts';

/**
 * `npm run bench:payload [-- GIB]`: that many GiB of incompressible bytes, 60 if not told, packed and sealed as a payload
 * is, and opened again and compared, all as it flows. Ends with 1 where a byte is not what it was, or where the memory
 * is not flat. 54 GiB and more come to where a piece ends in the last bytes of a frame: nodejs/node#64741.
 */
const GIB = 2 ** 30;
const MOST_MEMORY = 512 * 2 ** 20;
const size = Number(process.argv[2] ?? 60) * GIB;

const started = performance.now();
let done = 0;
let told = 0;
try {
  await throughAll(size, (count) => {
    done += count;
    if (done - told < GIB && done < size) return;
    told = done;
    if (process.stderr.isTTY) process.stderr.write(`\r${(done / GIB).toFixed(0)} GiB `);
  });
} catch (error) {
  print(`after ${done} bytes: ${String(error)}`);
  process.exitCode = 1;
}
const seconds = (performance.now() - started) / 1000;
// The highest that the kernel saw, in KiB.
const memory = process.resourceUsage().maxRSS * 1024;
print(
  `${done} of ${size} bytes as they were, ${(done / 2 ** 20 / seconds).toFixed(0)} MiB/s, ${seconds.toFixed(0)} s, at most ${Math.round(memory / 2 ** 20)} MiB resident`,
);
if (memory > MOST_MEMORY) {
  print(`more than ${MOST_MEMORY / 2 ** 20} MiB of memory`);
  process.exitCode = 1;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
