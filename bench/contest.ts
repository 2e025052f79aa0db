import { execFile, spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { bytes } from '../src/text/bytes.ts';

export interface Contestant {
  readonly name: string;
  /** A shell command; what it writes goes below `$OUT`. */
  readonly command: string;
}

export interface Figure {
  readonly seconds: number;
  /** Of all processes together. */
  readonly cpu: number;
  /** Bytes: the peak of resident memory of all processes together. */
  readonly memory: number;
  /** Bytes that it left in its directory. */
  readonly left: number;
  /** What it wrote to standard output. */
  readonly said: string;
}

export interface Arena {
  readonly shell: (command: string) => Promise<string>;
  readonly measure: (command: string) => Promise<Figure>;
  /** All in turn, round by round, and the table of the fastest rounds. */
  readonly contest: (title: string, contestants: readonly Contestant[]) => Promise<string>;
}

/** @param size bytes that each contestant works on, for the rate */
export function arena(
  directory: string,
  environment: NodeJS.ProcessEnv,
  size: number,
  rounds: number,
): Arena {
  const shell = async (command: string): Promise<string> => {
    const { stdout } = await promisify(execFile)('bash', ['-c', `set -euo pipefail; ${command}`], {
      env: environment,
      cwd: directory,
      maxBuffer: 64 << 20,
    });
    return stdout;
  };

  const measure = async (command: string): Promise<Figure> => {
    const out = await mkdtemp(join(directory, 'out-'));
    const started = performance.now();
    // The shell waits for what it runs beside, so that its times are of all.
    const child = spawn('bash', ['-c', `set -euo pipefail; ${command}\nwait; times >&2`], {
      env: { ...environment, OUT: out },
      cwd: directory,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [said, told] = [child.stdout, child.stderr].map((stream) => {
      const text: string[] = [];
      stream.on('data', (chunk: Buffer) => text.push(chunk.toString()));
      return text;
    });
    const peaks = new Map<string, number>();
    const sampler = setInterval(() => void sample(child.pid ?? 0, peaks), 250);
    const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
    clearInterval(sampler);
    const seconds = (performance.now() - started) / 1000;
    const errors = told?.join('') ?? '';
    if (code !== 0) throw new Error(`${command} ended with ${code}\n${errors}`);
    const left = Number((await shell(`du -sb ${out} | cut -f1`)).trim());
    await rm(out, { recursive: true });
    const memory = [...peaks.values()].reduce((sum, peak) => sum + peak, 0);
    return { seconds, cpu: cpuIn(errors), memory, left, said: said?.join('') ?? '' };
  };

  const contest = async (title: string, contestants: readonly Contestant[]): Promise<string> => {
    const best = new Map<string, Figure>();
    for (let round = 0; round < rounds; round += 1)
      for (const { name, command } of contestants) {
        const figure = await measure(command);
        const before = best.get(name);
        if (before === undefined || figure.seconds < before.seconds) best.set(name, figure);
      }
    const [first] = best.values();
    return (
      line([title, 'time', 'CPU', 'rate', 'memory', 'on disk', 'against us']) +
      [...best]
        .map(([name, { seconds, cpu, memory, left }]) =>
          line([
            name,
            `${seconds.toFixed(1)} s`,
            `${cpu.toFixed(1)} s`,
            `${(size / 2 ** 20 / seconds).toFixed(0)} MiB/s`,
            bytes(memory),
            bytes(left),
            `${(seconds / (first?.seconds ?? Number.NaN)).toFixed(2)}`,
          ]),
        )
        .join('')
    );
  };
  return { shell, measure, contest };
}

function line(cells: readonly string[]): string {
  const [first = '', ...rest] = cells;
  return `${first.padEnd(44)}${rest.map((cell) => cell.padStart(12)).join('')}\n`;
}

/** The last line of bash's `times`: user and system seconds of all that it ran. */
function cpuIn(text: string): number {
  const last = text.trim().split('\n').at(-1) ?? '';
  return [...last.matchAll(/(\d+)m([\d.]+)s/g)].reduce(
    (sum, [, min, s]) => sum + 60 * Number(min) + Number(s),
    0,
  );
}

/** The high-water mark of each process of the group, as the kernel keeps it. */
async function sample(group: number, peaks: Map<string, number>): Promise<void> {
  const read = (pid: string, file: string) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '');
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const line = await read(pid, 'stat');
    const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
    if (Number(fields[2]) !== group) continue;
    const peak = Number(/^VmHWM:\s+(\d+) kB/m.exec(await read(pid, 'status'))?.[1] ?? 0) * 1024;
    peaks.set(pid, Math.max(peak, peaks.get(pid) ?? 0));
  }
}
