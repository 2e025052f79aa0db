import { PassThrough } from 'node:stream';
import { expect, test } from '@jest/globals';
import { terminalHost } from '../../../src/host/terminal/host.ts';
import { openContext } from '../../../src/run/open-context.ts';

const inputs = { region: undefined, project: undefined, 'clouds-yaml': undefined };

function connect(kind: 'terminal' | 'github', cloud: string | undefined) {
  const host = terminalHost({
    stdin: () => new PassThrough(),
    stdout: new PassThrough(),
    stderr: new PassThrough(),
    environment: { HOME: '/nowhere' },
    directory: '/nowhere',
    signal: new AbortController().signal,
    verbose: false,
    inputs: {},
  });
  return openContext({ ...host, kind }, false).context.connect({ ...inputs, cloud });
}

test.each([undefined, 'production'])(
  'in a workflow, credentials that are missing are an empty secret: cloud %s',
  async (cloud) => {
    await expect(connect('github', cloud)).rejects.toMatchObject({
      exitCode: 2,
      hint: expect.stringMatching(/secret .* exists .* the job needs its `environment:`/),
    });
    await expect(connect('terminal', cloud)).rejects.toMatchObject({
      exitCode: 2,
      hint: expect.stringContaining('Put a clouds.yaml into this directory'),
    });
  },
);
