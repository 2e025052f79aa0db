import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Duplex, Readable } from 'node:stream';
import { type Clock, duration } from '../../clock.ts';
import { OperationError } from '../../errors.ts';
import type { Log } from '../../ports/log.ts';
import type { Room } from './room.ts';

/** Carries out commands as a person would who has no program of ours. */
export interface Hand {
  /**
   * Carries out commands to their end.
   *
   * @param answer is given each line that they write to file descriptor 3, and what it returns is written back
   * @returns the last lines that they printed, joined by `; `
   * @throws OperationError if one fails, with what it said, or if they take too long
   */
  run(commands: readonly string[], answer?: Answer): Promise<string>;
  /**
   * The bytes that the last command prints. What the others print is no part of it.
   *
   * @throws OperationError at the end of the bytes, for the same reasons
   */
  open(before: readonly string[], last: string): AsyncGenerator<Uint8Array, void>;
}

export type Answer = (line: string) => Promise<string>;

export interface HandOptions {
  readonly room: Room;
  /** All that the commands see. */
  readonly environment: Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly log: Log;
  /** Takes secrets out of what commands say. */
  readonly redact: (text: string) => string;
  readonly signal: AbortSignal;
  /** How long each script may take. */
  readonly withinMs: number;
}

/** What is told to end: the command under way, which may just be making something, gets this time. */
const GRACE_MS = 5_000;
/** What is kept of what commands print. */
const LONGEST_TAIL = 4096;
const LONGEST_LINE = 1000;
const LAST_LINES = 3;

/** Ends between two commands if told to. */
const TRAP = "trap 'exit 143' TERM";

export function handIn(options: HandOptions): Hand {
  const { room, environment } = options;

  async function start(commands: readonly string[], talks: boolean) {
    options.signal.throwIfAborted();
    const file = await room.file(`commands-${randomUUID()}.sh`, [TRAP, ...commands, ''].join('\n'));
    const child = spawn('bash', ['--noprofile', '--norc', '-euo', 'pipefail', file], {
      cwd: room.path,
      env: environment,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', talks ? 'pipe' : 'ignore'],
    });
    const closed = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
    closed.catch(() => undefined);
    await once(child, 'spawn');
    room.guard(child.pid);
    return { child, closed, said: tail(child.stderr as Readable, options), watch: watched(child, options) };
  }

  async function ended({ child, closed, said, watch }: Awaited<ReturnType<typeof start>>): Promise<void> {
    const [code, killed] = await closed.finally(() => {
      // What commands left running in the background.
      endGroup(child);
      room.guard(undefined);
      watch.over();
    });
    if (options.signal.aborted) throw options.signal.reason;
    if (watch.isLate())
      throw new OperationError(
        `the commands of RESTORE.md timed out after ${duration(options.withinMs)}: ${said()}`,
        'Carry them out by hand to see where they wait.',
      );
    if (code !== 0)
      throw new OperationError(
        `the commands of RESTORE.md stopped (${killed ?? `exit ${code}`}): ${said() || 'without a word'}`,
        'Carry them out by hand to see more.',
      );
  }

  return {
    async run(commands, answer) {
      const work = await start(commands, answer !== undefined);
      const printed = tail(work.child.stdout as Readable, options);
      const talk = answer && talking(work.child.stdio[3] as Duplex, answer);
      const [ran, talked] = await Promise.allSettled([ended(work), talk]);
      // Commands that get no answer stop, and do not know why.
      for (const one of [talked, ran]) if (one.status === 'rejected') throw one.reason;
      return printed();
    },
    async *open(before, last) {
      const work = await start(['exec 4>&1 1>&2', ...before, `${last} >&4`], false);
      let isRead = false;
      try {
        for await (const piece of work.child.stdout as Readable) yield piece as Uint8Array;
        isRead = true;
      } finally {
        if (!isRead) {
          endGroup(work.child);
          await ended(work).catch(() => undefined);
        }
      }
      await ended(work);
    },
  };
}

interface Watch {
  isLate(): boolean;
  over(): void;
}

/** Ends the commands when the run is told to stop, or when they take too long. */
function watched(child: ChildProcess, { clock, signal, withinMs }: HandOptions): Watch {
  const over = new AbortController();
  let isLate = false;
  const stop = () => {
    child.kill('SIGTERM');
    clock.sleep(GRACE_MS, over.signal).then(
      () => endGroup(child),
      () => undefined,
    );
  };
  signal.addEventListener('abort', stop, { once: true, signal: over.signal });
  clock.sleep(withinMs, over.signal).then(
    () => {
      isLate = true;
      stop();
    },
    () => undefined,
  );
  return { isLate: () => isLate, over: () => over.abort() };
}

function endGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Gone already.
  }
}

/** The end of what comes, however much and however long its lines. */
function tail(from: Readable, { log, redact }: HandOptions): () => string {
  let [kept, line] = ['', ''];
  from.setEncoding('utf8').on('data', (text: string) => {
    kept = `${kept}${text}`.slice(-LONGEST_TAIL);
    const lines = `${line}${text}`.split('\n');
    line = (lines.pop() ?? '').slice(0, LONGEST_LINE);
    for (const one of lines) log.debug(redact(one.slice(0, LONGEST_LINE)));
  });
  return () =>
    redact(kept)
      .trim()
      .split(/\s*\n\s*/)
      .slice(-LAST_LINES)
      .join('; ');
}

async function talking(channel: Duplex, answer: Answer): Promise<void> {
  channel.on('error', () => undefined);
  try {
    for await (const line of createInterface({ input: channel })) channel.write(`${await answer(line)}\n`);
  } finally {
    // Whoever waits for an answer fails then.
    channel.destroy();
  }
}
