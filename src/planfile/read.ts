import { InputError } from '../errors.ts';
import { FORMS } from './forms.ts';
import { type PlanFile, planFileOf } from './plan-file.ts';
import { PlanFileSchema, type PlanText } from './schema.ts';
import { nonsenseIn } from './sense.ts';
import { type Shape, shaped } from './shape.ts';
import { type Problem, parseYaml } from './yaml.ts';

export type ReadPlan =
  | { readonly plan: PlanFile; readonly problems: readonly [] }
  | { readonly plan: undefined; readonly problems: readonly Problem[] };

/** Parses a plan file, or collects all of its problems, in the order of the lines. Never executes any of it. */
export async function readPlan(text: string): Promise<ReadPlan> {
  const { root, problems } = parseYaml(text);
  if (root === undefined || problems.length > 0) return { plan: undefined, problems: inOrder(problems) };
  const shape = await shaped(root, PlanFileSchema as unknown as Shape, FORMS);
  if (shape.problems.length > 0) return { plan: undefined, problems: inOrder(shape.problems) };
  const sensed = shape.value as PlanText;
  const nonsense = nonsenseIn(sensed).map(({ path, what }) => ({ ...placeOf(path), what }));
  if (nonsense.length > 0) return { plan: undefined, problems: inOrder(nonsense) };
  return { plan: planFileOf(sensed), problems: [] };

  function placeOf(path: string) {
    return shape.places.get(path) ?? { line: 1, column: 1 };
  }
}

function inOrder(problems: readonly Problem[]): Problem[] {
  return problems.toSorted((a, b) => a.line - b.line || a.column - b.column);
}

/** Formats a problem like compilers do, so that editors find it: "FILE:12:5: …". */
export function problemLine(path: string, { line, column, what }: Problem): string {
  return `${path}:${line}:${column}: ${what}`;
}

/**
 * @param path for messages
 * @param tell gets all problems but the last, one by one
 * @throws InputError with the last problem
 */
export async function requirePlan(
  text: string,
  path: string,
  tell: (line: string) => void,
): Promise<PlanFile> {
  const { plan, problems } = await readPlan(text);
  if (plan !== undefined) return plan;
  const lines = problems.map((problem) => problemLine(path, problem));
  for (const line of lines.slice(0, -1)) tell(line);
  throw new InputError(
    lines.at(-1) ?? path,
    `${lines.length === 1 ? 'Fix that place' : `Fix these ${lines.length} places`}; docs/plan.md describes the format. Nothing was changed.`,
  );
}
