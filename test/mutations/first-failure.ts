import PlainContext from '../support/plain-context.ts';

/** One failure catches a mistake: what is left of that file is skipped. */
export default class FirstFailure extends PlainContext {
  #failed = false;

  handleTestEvent({ name, test }: { name: string; test?: { mode?: string } }): void {
    if (name === 'test_fn_failure' || name === 'hook_failure') this.#failed = true;
    else if (name === 'test_start' && this.#failed && test !== undefined) test.mode = 'skip';
  }
}
