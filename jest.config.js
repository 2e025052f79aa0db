/** Tests run on node's own ES modules; swc only strips the types. */
const common = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { target: 'es2024', parser: { syntax: 'typescript' } }, module: { type: 'es6' } },
    ],
  },
};

export default {
  // Finds a test that is stuck, and not a busy machine. jest takes it here only, not in a project.
  testTimeout: 60_000,
  testSequencer: '<rootDir>/test/longest-first.js',
  projects: [
    { ...common, displayName: 'unit', testMatch: ['<rootDir>/test/unit/**/*.test.ts'] },
    { ...common, displayName: 'process', testMatch: ['<rootDir>/test/process/**/*.test.ts'] },
    // The long ones: scenarios that run on the real cloud, too, and restores from GitHub. Minutes.
    { ...common, displayName: 'embedded', testMatch: ['<rootDir>/test/embedded/**/*.test.ts'] },
    // A fault at each step of each command, and runs that are ended there: minutes.
    { ...common, displayName: 'faults', testMatch: ['<rootDir>/test/faults/**/*.test.ts'] },
    { ...common, displayName: 'cloud', testMatch: ['<rootDir>/test/cloud/**/*.test.ts'] },
    // On the real cloud of an older release: minutes.
    { ...common, displayName: 'release', testMatch: ['<rootDir>/test/release/**/*.test.ts'] },
    // Two machines for half an hour: too long for every run of CI.
    { ...common, displayName: 'machines', testMatch: ['<rootDir>/test/machines/**/*.test.ts'] },
  ],
};
