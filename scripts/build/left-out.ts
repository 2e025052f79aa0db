/**
 * What packages load and we never use: the bundle has a stub in its place, which throws if it is called after all. A
 * package that names a part in another way fails the build. `test/process/github-services` uses what is left, in `dist/`.
 */
export const leftOut: Readonly<Record<string, readonly string[]>> = {
  // We upload artifacts; the rest of the client looks for them, downloads them and deletes them.
  '@actions/artifact': ['unzip-stream', '@octokit/plugin-retry', '@octokit/plugin-request-log'],
  // An artifact is a zip of files that we name: no tar, no patterns.
  archiver: ['tar-stream', 'readdir-glob'],
  'archiver-utils': ['glob', 'lodash/flatten', 'lodash/difference', 'lodash/union', 'lodash/isPlainObject'],
  undici: [
    // An experiment that only a variable turns on, and the form for processors without SIMD, which V8 has on x64 and arm64.
    './parser-h1.js',
    '../llhttp/llhttp-wasm.js',
    ...[
      'mock/mock-client',
      'mock/mock-call-history',
      'mock/mock-agent',
      'mock/mock-pool',
      'mock/mock-errors',
      'mock/snapshot-agent',
      'web/cookies',
      'web/eventsource/eventsource',
      'web/websocket/events',
      'web/websocket/websocket',
      'web/websocket/stream/websocketstream',
      'web/websocket/stream/websocketerror',
      'cache/memory-cache-store',
      'cache/sqlite-cache-store',
      'interceptor/cache',
      'interceptor/decompress',
      'interceptor/deduplicate',
      'interceptor/dns',
      'interceptor/dump',
      'interceptor/redirect',
      'interceptor/response-error',
      'interceptor/retry',
    ].map((part) => `./lib/${part}`),
  ],
};

/** Node's own in place of a package's copy of it, as `READABLE_STREAM=disable` does: https://github.com/nodejs/readable-stream */
export const ofNode = { 'readable-stream': 'stream' } as const;

export const STUB = './left-out.cjs';

/** It, and any name of it, is a function that throws: what loads it takes names, and calls none. */
export const stub = `const out = (name) => function () { throw new Error(name + ' is not in the bundle: scripts/build/left-out.ts'); };
module.exports = new Proxy(out('this'), { get: (_, name) => out(String(name)) });
`;

/** What webpack says of a module: who asks for it, and by which words. */
export interface Asked {
  readonly moduleName?: string;
  readonly userRequest?: string;
}

/** Which parts no package asks for, or another than the one above. */
export function* notAsAsked(asked: readonly Asked[]): Generator<string> {
  const met = new Set(
    asked.map(({ moduleName = '', userRequest = '' }) => `${packageOf(moduleName)} ${userRequest}`),
  );
  const listed = new Set(
    Object.entries(leftOut).flatMap(([of, parts]) => parts.map((part) => `${of} ${part}`)),
  );
  for (const pair of listed) if (!met.has(pair)) yield `nothing asks for ${pair}`;
  for (const pair of met) if (!listed.has(pair)) yield `left out, and not listed: ${pair}`;
}

/** `./node_modules/a/node_modules/@b/c/lib/d.js + 2 modules` → `@b/c` */
const packageOf = (moduleName: string) =>
  /^((?:@[^/]+\/)?[^/ ]+)/.exec(moduleName.split('node_modules/').at(-1) ?? '')?.[1] ?? moduleName;
