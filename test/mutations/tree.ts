import { execFileSync, spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Mutation } from './mutation.ts';
import { testsOf } from './tests-of.ts';

export type Verdict = 'caught' | 'survived' | 'hung';

const JEST = ['--experimental-vm-modules', '--no-warnings', 'node_modules/jest/bin/jest.js'];
/** A test that takes this long has caught it too: it does not end. */
const LONGEST_MS = 180_000;

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

  /** Plants it, runs what must catch it, and takes it out again. */
  async judge({ file, find, put, tests }: Mutation): Promise<Verdict> {
    const path = join(this.#directory, 'src', file);
    const text = readFileSync(path, 'utf8');
    writeFileSync(
      path,
      text.replace(find, () => put),
    );
    try {
      const names = tests ?? testsOf(file);
      return await this.#run([
        '--runTestsByPath',
        ...names.map((name) => join(this.#directory, 'test', name)),
      ]);
    } finally {
      writeFileSync(path, text);
    }
  }

  #run(words: readonly string[]): Promise<Verdict> {
    const child = spawn(
      process.execPath,
      [...JEST, '--bail', '--silent', '--maxWorkers', '1', '--forceExit', ...words],
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
      }, LONGEST_MS);
      child.on('error', reject);
      child.on('close', (code) => {
        clearTimeout(timer);
        // Without a single test, nothing was tried.
        if (!hung && !/^Tests: /m.test(said) && code === 0)
          reject(new Error(`no test ran: ${words.join(' ')}\n${said}`));
        else resolve(hung ? 'hung' : code === 0 ? 'survived' : 'caught');
      });
    });
  }

  [Symbol.dispose](): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
