import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import { InputError } from '../../errors.ts';

/** Where people get the programs that `RESTORE.md` uses. */
const FROM: Readonly<Record<string, string>> = {
  openstack: 'pip install python-openstackclient python-barbicanclient',
  age: 'apt-get install age',
  zstd: 'apt-get install zstd',
  python3: 'apt-get install python3',
  curl: 'apt-get install curl',
  od: 'apt-get install coreutils',
  sha256sum: 'apt-get install coreutils',
  bash: 'apt-get install bash',
};

/** The programs that blocks of `RESTORE.md` look for before anything else, and the shell itself. */
export function programsIn(blocks: readonly string[]): string[] {
  const named = blocks.flatMap((block) => /^hash (.+)$/m.exec(block)?.[1]?.split(' ') ?? []);
  return [...new Set(['bash', ...named])];
}

/** The folders of PATH, but for those in which a package manager puts its own programs, and ours. */
export function pathOf(environment: Readonly<Record<string, string | undefined>>): string {
  const folders = (environment['PATH'] ?? '').split(delimiter);
  return folders.filter((one) => isAbsolute(one) && !one.includes('node_modules')).join(delimiter);
}

/** @throws InputError if one is not installed, with where to get it */
export async function needPrograms(programs: readonly string[], path: string): Promise<void> {
  const lacking: string[] = [];
  for (const program of programs) if (!(await isIn(path, program))) lacking.push(program);
  if (lacking.length === 0) return;
  const from = [...new Set(lacking.flatMap((program) => FROM[program] ?? []))];
  throw new InputError(
    `a drill by hand needs ${lacking.join(', ')}, which ${lacking.length === 1 ? 'is' : 'are'} not installed`,
    `Nothing was made. Install ${lacking.length === 1 ? 'it' : 'them'}: ${from.join('; ')}.`,
  );
}

async function isIn(path: string, program: string): Promise<boolean> {
  for (const folder of path.split(delimiter))
    if (
      await access(join(folder, program), constants.X_OK).then(
        () => true,
        () => false,
      )
    )
      return true;
  return false;
}
