/** What is read of jest's report. */
export interface Counted {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly numPassingAsserts: number;
    }[];
  }[];
}

/** By project of jest: the least tests that must pass, so that none is lost unseen. */
export type Floors = Readonly<Record<string, number>>;

const testsOf = ({ testResults = [] }: Partial<Counted>) =>
  testResults.flatMap(({ assertionResults }) => assertionResults);

export function passedOf(counted: Partial<Counted>): number {
  return testsOf(counted).filter((one) => one.status === 'passed' && one.numPassingAsserts > 0).length;
}

/** Each is one failure. A report that is not there, or of no test, is one too. */
export function failuresOf(counted: Partial<Counted>, floor: number | undefined): string[] {
  const failures = testsOf(counted).flatMap(({ fullName, status, numPassingAsserts }) => {
    if (status !== 'passed') return [`${status}: ${fullName}`];
    return numPassingAsserts > 0 ? [] : [`asserts nothing: ${fullName}`];
  });
  // A file that could not be run at all has no tests that could fail.
  for (const { name, status, assertionResults } of counted.testResults ?? [])
    if (status === 'failed' && assertionResults.every((one) => one.status !== 'failed'))
      failures.push(`did not run: ${name}`);
  const passed = passedOf(counted);
  if (floor === undefined) failures.push('test/floors.json has no floor for it');
  else if (passed < floor) failures.push(`${passed} tests passed, test/floors.json wants ${floor}`);
  return failures;
}
