import type { CommandTable, Inputs, Outputs, Values } from '../inputs/table.ts';
import type { Context, Outcome } from '../run/context.ts';

export interface Command<I extends Inputs = Inputs, O extends Outputs = Outputs> extends CommandTable<I, O> {
  run(context: Context, inputs: Values<I>): Promise<Outcome<O>>;
  /**
   * Ends in the post step of an action what the step began.
   *
   * @param kept what the step kept for it under `KEPT`
   */
  afterwards?(context: Context, inputs: Values<I>, kept: string): Promise<Outcome<O>>;
}

export function defineCommand<const I extends Inputs, const O extends Outputs>(
  command: Command<I, O>,
): Command<I, O> {
  return command;
}
