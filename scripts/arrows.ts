import { cruise } from 'dependency-cruiser';
import { LEVELS, RULES } from './arrows/rules.ts';

/**
 * `npm run arrows`: which folder of src imports which, from the top down, and every import that the rules of
 * `arrows/rules.ts` forbid, there and in the embedded cloud of the tests. Exit 1 where there is one.
 */
const place = (module: string) => module.split('/')[1] ?? module;

const { output } = await cruise(['src', 'test/fakes'], {
  tsPreCompilationDeps: true,
  doNotFollow: { path: 'node_modules' },
  validate: true,
  ruleSet: { forbidden: RULES },
});
if (typeof output === 'string') throw new TypeError('the cruise has no result');

const arrows = new Map<string, Map<string, number>>();
for (const { source, dependencies } of output.modules) {
  if (!source.startsWith('src/')) continue;
  const to = arrows.get(place(source)) ?? new Map<string, number>();
  arrows.set(place(source), to);
  for (const { resolved } of dependencies)
    if (resolved.startsWith('src/') && place(resolved) !== place(source))
      to.set(place(resolved), (to.get(place(resolved)) ?? 0) + 1);
}

const names = LEVELS.flat();
for (const name of names) {
  const to = arrows.get(name) ?? new Map<string, number>();
  const told = names.flatMap((other) => (to.has(other) ? `${other} (${to.get(other)})` : []));
  process.stdout.write(`${name.padEnd(13)} → ${told.join(', ') || 'nothing'}\n`);
}
const { violations, totalCruised } = output.summary;
const exceptions = [
  ...violations.map(({ rule, from, to }) => `${rule.name}: ${from} → ${to}`),
  // A rule of the cruise is one of imports, and does not see a file that has none.
  ...output.modules.flatMap(({ source }) =>
    source.startsWith('src/') && !names.includes(place(source)) ? `every-folder-has-a-level: ${source}` : [],
  ),
];
for (const line of exceptions) process.stdout.write(`${line}\n`);
process.stdout.write(`${totalCruised} modules, ${exceptions.length} exceptions\n`);
if (exceptions.length > 0) process.exitCode = 1;
