import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { commands } from '../../src/commands/index.ts';
import type { Raw } from '../../src/inputs/table.ts';
import { type EmbeddedWorld, embeddedWorld } from '../scenarios/embedded.ts';
import { fastClock, runInProcess, type Told } from './in-process.ts';

const HOUR = 3_600_000;

/** A world where the cloud does its work only when it is told to, and hours pass at once. */
export interface StartWorld {
  readonly world: EmbeddedWorld;
  pass(hours: number): void;
  run(name: string, inputs: Raw): Promise<Told>;
  /** With `plan.yml`. */
  apply(more?: Raw): Promise<Told>;
  startOnly(more?: Raw): Promise<Told>;
  /** The cloud works while the run waits for it. */
  flowing<T>(work: Promise<T>): Promise<T>;
}

/** @param entries of the plan, as YAML */
export async function startWorld(entries: string): Promise<StartWorld> {
  const world = await embeddedWorld({ tickMs: 'manual', gibBytes: 9 << 20 });
  const project = (await world.session('demo')).scope.project.id;
  await writeFile(
    join(world.directory, 'plan.yml'),
    `version: 1
project: ${project}
store: directory:openstack-backups/payloads
publish: ["directory:openstack-backups"]
back-up:
${entries}
`,
  );
  let later = 0;
  const run = async (name: string, inputs: Raw) => {
    const command = await commands[name]?.();
    if (command === undefined) throw new Error(`there is no command ${name}`);
    const { sleep } = fastClock();
    const told = await runInProcess(command, inputs, {
      environment: world.environment('demo'),
      directory: world.directory,
      clock: { now: () => Date.now() + later, sleep },
    });
    world.heard(told.log);
    return told;
  };
  const apply = (more: Raw = {}) => run('apply', { plan: 'plan.yml', 'allow-unsigned': 'true', ...more });
  return {
    world,
    run,
    apply,
    startOnly: (more) => apply({ 'start-only': 'true', ...more }),
    pass(hours) {
      later += hours * HOUR;
      world.cloud.clock.shift(hours * HOUR);
    },
    async flowing(work) {
      const flow = setInterval(() => void world.cloud.ticks.advance(1), 2);
      return work.finally(() => clearInterval(flow));
    },
  };
}

export interface Begun {
  readonly id: string;
  readonly kind: string;
  readonly resource: string;
  readonly name: string;
}

export const startedIn = ({ outputs }: Told) => JSON.parse(outputs['started'] ?? '[]') as Begun[];

export const failedIn = ({ outputs }: Told) =>
  JSON.parse(outputs['failed'] ?? '[]') as { id: string; name: string; error: string }[];

export const savedIn = ({ outputs }: Told) =>
  JSON.parse(outputs['restore-points'] ?? '[]') as {
    kind: string;
    name: string;
    mode?: string;
    backup?: string;
  }[];

export const coverageIn = ({ outputs }: Told) =>
  JSON.parse(outputs['coverage'] ?? '[]') as {
    name: string;
    entry: string;
    status: string;
    why: string;
  }[];
