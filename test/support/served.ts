import type { World } from '../scenarios/world.ts';
import type { Ran } from './tool.ts';

/** `openstack-backup serve …` while it serves. */
export interface Served extends AsyncDisposable {
  readonly uri: string;
  /** Told to stop, and ended. */
  stop(signal?: NodeJS.Signals): Promise<Ran>;
  // In the end it is killed, so that no test leaves it there.
}

/** @throws Error with what it said if it does not come to serve */
export async function served(
  world: Pick<World, 'tool'>,
  words: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Served> {
  let kill: (signal: NodeJS.Signals) => void = () => undefined;
  const ready = Promise.withResolvers<string>();
  const ran = world.tool(['serve', ...words], {
    environment,
    onOutput: (text, stop) => {
      kill = stop;
      const [, uri] = /until Ctrl-C: (nbd\S+)/.exec(text) ?? [];
      // The ways to use it are told behind that.
      if (uri !== undefined && text.includes('nbdcopy')) ready.resolve(uri);
    },
  });
  ran.then(
    ({ code, stderr }) => ready.reject(new Error(`it ended with ${code}: ${stderr}`)),
    (error: unknown) => ready.reject(error),
  );
  const uri = await ready.promise;
  return {
    uri,
    stop(signal = 'SIGINT') {
      kill(signal);
      return ran;
    },
    async [Symbol.asyncDispose]() {
      kill('SIGKILL');
      await ran.catch(() => undefined);
    },
  };
}
