/** Tests run on node's own ES modules; swc only strips the types. */
const common = {
  testEnvironment: '<rootDir>/test/support/plain-context.ts',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { target: 'es2024', parser: { syntax: 'typescript' } }, module: { type: 'es6' } },
    ],
  },
};

/** They start the program, most of them by the hundred. */
const processes = { ...common, globalSetup: '<rootDir>/test/support/fresh-dist.ts' };

export default {
  // Finds a test that is stuck, and not a busy machine. jest takes it here only, not in a project.
  testTimeout: 60_000,
  testSequencer: '<rootDir>/test/longest-first.js',
  projects: [
    { ...common, displayName: 'unit', testMatch: ['<rootDir>/test/unit/**/*.test.ts'] },
    { ...processes, displayName: 'process', testMatch: ['<rootDir>/test/process/**/*.test.ts'] },
    // The long ones: scenarios that run on the real cloud, too, and restores from GitHub. Minutes.
    { ...processes, displayName: 'embedded', testMatch: ['<rootDir>/test/embedded/**/*.test.ts'] },
    // A fault at each step of each command, and runs that are ended there: minutes.
    { ...processes, displayName: 'faults', testMatch: ['<rootDir>/test/faults/**/*.test.ts'] },
    { ...processes, displayName: 'cloud', testMatch: ['<rootDir>/test/cloud/**/*.test.ts'] },
    // On the real cloud of an older release: minutes.
    { ...processes, displayName: 'release', testMatch: ['<rootDir>/test/release/**/*.test.ts'] },
    // Two machines for half an hour: too long for every run of CI.
    { ...processes, displayName: 'machines', testMatch: ['<rootDir>/test/machines/**/*.test.ts'] },
  ],
};
