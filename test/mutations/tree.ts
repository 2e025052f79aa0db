import { execFileSync, spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Mutation } from './mutation.ts';

export interface Verdict {
  readonly outcome: 'caught' | 'survived' | 'hung';
  /** The first test that failed, as jest names it. */
  readonly by: string | undefined;
}

const JEST = ['--experimental-vm-modules', '--no-warnings', 'node_modules/jest/bin/jest.js'];
const FLAGS = ['--bail', '--silent', '--runInBand', '--forceExit'];
/** A test that takes this long has caught it too: it does not end. */
const LONGEST_MS = 300_000;
const ALL_MS = 900_000;

/** A copy of the checkout to spoil; the checkout itself is never written. */
export class Tree implements Disposable {
  readonly #directory = mkdtempSync(join(tmpdir(), 'mutations-'));

  constructor(root: string) {
    const words = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
    const names = execFileSync('git', words, { cwd: root, encoding: 'utf8' }).split('\0').filter(Boolean);
    for (const name of names.filter((one) => !one.startsWith('dist/'))) {
      mkdirSync(dirname(join(this.#directory, name)), { recursive: true });
      cpSync(join(root, name), join(this.#directory, name), { force: true });
    }
    try {
      const [from, to] = [join(root, 'node_modules'), join(this.#directory, 'node_modules')];
      execFileSync('cp', ['-al', from, to], { stdio: 'ignore' });
    } catch {
      // Another file system: nobody writes there.
      rmSync(join(this.#directory, 'node_modules'), { recursive: true, force: true });
      symlinkSync(join(root, 'node_modules'), join(this.#directory, 'node_modules'));
    }
  }

  /** Else a failure would say nothing of a mistake. */
  async mustPass(tests: readonly string[]): Promise<void> {
    const { outcome, by } = await this.run(tests, ALL_MS);
    if (outcome !== 'survived') throw new Error(`without any mistake, a test fails: ${by}`);
  }

  /** Plants it, runs what must catch it, and takes it out again. */
  async judge({ file, find, put }: Mutation, tests: readonly string[]): Promise<Verdict> {
    const path = join(this.#directory, 'src', file);
    const text = readFileSync(path, 'utf8');
    writeFileSync(
      path,
      text.replace(find, () => put),
    );
    try {
      return await this.run(tests);
    } finally {
      writeFileSync(path, text);
    }
  }

  /**
   * Until the first failure.
   *
   * @param tests paths below test/, in the order in which they run
   */
  run(tests: readonly string[], longest = LONGEST_MS): Promise<Verdict> {
    const below = (name: string) => join(this.#directory, 'test', name);
    const projects = new Set(tests.map((name) => name.split('/')[0] ?? ''));
    const child = spawn(
      process.execPath,
      [
        ...[...JEST, ...FLAGS, '--selectProjects', ...projects],
        ...['--env', below('mutations/first-failure.ts'), '--testSequencer', below('mutations/in-order.ts')],
        ...['--runTestsByPath', ...tests.map(below)],
      ],
      {
        cwd: this.#directory,
        env: { ...process.env, WORLDS_SEEN: undefined, TEST_DIST: undefined },
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    );
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    return new Promise((resolve, reject) => {
      let hung = false;
      const timer = setTimeout(() => {
        hung = true;
        child.kill('SIGKILL');
      }, longest);
      child.on('error', reject);
      child.on('close', (code) => {
        clearTimeout(timer);
        const by = /^ {2}● (.*)$/m.exec(said)?.[1];
        if (hung) resolve({ outcome: 'hung', by });
        // The same tests ran in this memory before anything was planted.
        else if (/heap out of memory/.test(said)) resolve({ outcome: 'caught', by: 'no memory is enough' });
        // Neither is a verdict where no test ran: it may be jest that failed.
        else if (!/^Tests: /m.test(said)) reject(new Error(`no test ran: ${tests.join(' ')}\n${said}`));
        else resolve({ outcome: code === 0 ? 'survived' : 'caught', by });
      });
    });
  }

  [Symbol.dispose](): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
