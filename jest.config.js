/** Tests run on node's own ES modules; swc only strips the types. */
const common = {
  testEnvironment: 'node',
  // A test that is stuck, and none on a busy machine.
  testTimeout: 60_000,
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { target: 'es2024', parser: { syntax: 'typescript' } }, module: { type: 'es6' } },
    ],
  },
};

export default {
  projects: [
    { ...common, displayName: 'unit', testMatch: ['<rootDir>/test/unit/**/*.test.ts'] },
    {
      ...common,
      displayName: 'process',
      testMatch: ['<rootDir>/test/process/**/*.test.ts'],
      // Each starts processes, and a busy machine takes seconds for one.
      testTimeout: 60_000,
    },
    { ...common, displayName: 'cloud', testMatch: ['<rootDir>/test/cloud/**/*.test.ts'] },
    // Two machines for half an hour: too long for every run of CI.
    { ...common, displayName: 'machines', testMatch: ['<rootDir>/test/machines/**/*.test.ts'] },
  ],
};
