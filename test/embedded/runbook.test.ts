import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { embeddedWorld } from '../scenarios/embedded.ts';
import { runbookScenarios } from '../scenarios/runbook.ts';
import { networksByHand } from '../scenarios/server-networks.ts';
import { suite } from '../scenarios/suite.ts';
import { testWith } from '../support/installed.ts';
import { CLIENT, clientPath } from '../support/openstack-client/index.ts';

suite(
  'RESTORE.md, on the embedded cloud',
  [...runbookScenarios, ...networksByHand],
  () => embeddedWorld({ capabilities: { luksHeaderInside: true } }),
  180_000,
  [join(CLIENT, 'openstack')],
);

/** What is seen of a command from outside. */
function seen(directory: string, words: readonly string[], env: Record<string, string>) {
  return new Promise<object>((resolve) => {
    execFile(
      join(directory, 'openstack'),
      words,
      { env: { ...env, PATH: '/usr/bin' } },
      (error, stdout, stderr) => resolve({ code: error?.code ?? 0, stdout, stderr }),
    );
  });
}

testWith(join(CLIENT, 'openstack'))(
  'the client that is loaded once prints, fails and ends as the client itself',
  async () => {
    const world = await embeddedWorld();
    try {
      await world.makeVolume({ name: "it's one" });
      const env = { ...world.environment('demo') };
      const commands = [
        [['volume', 'list', '-f', 'value', '-c', 'Name'], 0, "it's one\n"],
        [['volume', 'show', 'none'], 1, ''],
        [['volume', 'delete'], 2, ''],
      ] as const;
      for (const [words, code, stdout] of commands) {
        const [itself, loaded] = [await seen(CLIENT, words, env), await seen(await clientPath(), words, env)];
        expect(itself).toMatchObject({ code, stdout });
        expect(loaded).toEqual(itself);
      }
    } finally {
      await world.close();
    }
  },
  180_000,
);
