import { quoted } from '../text/escape.ts';
import { nearest } from '../text/nearest.ts';
import type { Node, Position, Problem } from './yaml.ts';

/** The part of JSON Schema that our schemas use. */
export interface Shape {
  readonly type?: string;
  readonly anyOf?: readonly Shape[];
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly required?: readonly string[];
  readonly items?: Shape;
  readonly minItems?: number;
  readonly uniqueItems?: boolean;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly form?: string;
}

/** Checks a text: returns what is wrong, or undefined. */
export type Form = (text: string) => Promise<string | undefined>;

export interface Shaped {
  /** Has the schema's type if nothing was wrong. */
  readonly value: unknown;
  /** The position of each value, by its path: "back-up.0.every". A map's key shares the position of its value. */
  readonly places: ReadonlyMap<string, Position>;
  readonly problems: readonly Problem[];
}

/** Checks a tree against the schema, and collects all problems. */
export async function shaped(
  root: Node,
  shape: Shape,
  forms: Readonly<Record<string, Form>>,
): Promise<Shaped> {
  const places = new Map<string, Position>();
  const problems: Problem[] = [];
  const wrong = ({ line, column }: Position, what: string): undefined => {
    problems.push({ line, column, what });
  };
  const value = await read(root, shape, '');
  return { value, places, problems };

  async function read(node: Node, { anyOf, ...own }: Shape, path: string): Promise<unknown> {
    places.set(path, node.at);
    const form = anyOf === undefined ? own : (anyOf.find((one) => fits(one, node)) ?? anyOf[0] ?? own);
    switch (form.type) {
      case 'object':
        return node.kind === 'map'
          ? readMap(node, form, path)
          : wrong(node.at, `${told(path)} must have keys and values`);
      case 'array':
        return node.kind === 'list'
          ? readList(node, form, path)
          : wrong(node.at, `${told(path)} must be a list`);
      default:
        return node.kind === 'text'
          ? readText(node, form, path)
          : wrong(node.at, `${told(path)} must be one value`);
    }
  }

  async function readMap(node: Node & { kind: 'map' }, shape: Shape, path: string): Promise<unknown> {
    const { properties = {}, required = [] } = shape;
    const values: Record<string, unknown> = {};
    for (const { key, at, value } of node.entries) {
      const property = Object.hasOwn(properties, key) ? properties[key] : undefined;
      if (property === undefined) wrong(at, unknownKey(key, Object.keys(properties)));
      else values[key] = await read(value, property, within(path, key));
    }
    const missing = required.filter((name) => !node.entries.some(({ key }) => key === name));
    for (const name of missing) wrong(node.at, `${told(within(path, name))} is missing`);
    return values;
  }

  async function readList(node: Node & { kind: 'list' }, shape: Shape, path: string): Promise<unknown> {
    const { items = {}, minItems = 0, uniqueItems } = shape;
    if (node.items.length < minItems) wrong(node.at, `${told(path)} is empty`);
    const values: unknown[] = [];
    for (const [index, item] of node.items.entries()) {
      const value = await read(item, items, `${path}.${index}`);
      if (uniqueItems && value !== undefined && values.includes(value))
        wrong(item.at, `${told(path)} has ${item.kind === 'text' ? quoted(item.text) : 'it'} twice`);
      values.push(value);
    }
    return values;
  }

  async function readText(node: Node & { kind: 'text' }, shape: Shape, path: string): Promise<unknown> {
    const { text, at } = node;
    if (text === '') return wrong(at, `${told(path)} is empty`);
    if (text.includes('${{'))
      return wrong(at, `${told(path)} has \${{ }}, which works only in workflows: write the value itself`);
    const what = scalar(node, shape);
    if (what instanceof Wrong) return wrong(at, `${told(path)} is ${quoted(text)}: ${what.why}`);
    const why = shape.form === undefined ? undefined : await forms[shape.form]?.(text);
    return why === undefined ? what : wrong(at, `${told(path)} ${why}`);
  }
}

class Wrong {
  readonly why: string;
  constructor(why: string) {
    this.why = why;
  }
}

function scalar({ text, isQuoted }: Node & { kind: 'text' }, shape: Shape): unknown {
  if (shape.enum !== undefined) {
    const words = shape.enum.map(String);
    const meant = nearest(text, words);
    return words.includes(text)
      ? text
      : new Wrong(meant === undefined ? `use ${words.join(', ')}` : `did you mean ${meant}?`);
  }
  switch (shape.type) {
    case 'boolean':
      return /^(true|false)$/.test(text) && !isQuoted ? text === 'true' : new Wrong('use true or false');
    case 'integer': {
      const { minimum = 0, maximum = Number.MAX_SAFE_INTEGER } = shape;
      const value = Number(text);
      if (/^\d{1,15}$/.test(text) && !isQuoted && value >= minimum && value <= maximum) return value;
      return new Wrong(
        minimum === maximum ? `use ${minimum}` : `use a whole number from ${minimum} to ${maximum}`,
      );
    }
    default:
      return text;
  }
}

function within(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}

function unknownKey(key: string, keys: readonly string[]): string {
  const meant = nearest(key, keys);
  return `unknown key ${quoted(key)}: ${meant === undefined ? `the keys are ${keys.join(', ')}` : `did you mean ${meant}?`}`;
}

function fits({ type }: Shape, { kind }: Node): boolean {
  return (
    kind === { object: 'map', array: 'list' }[type ?? ''] ||
    (kind === 'text' && type !== 'object' && type !== 'array')
  );
}

/** "every", "entry 2 of kinds": the position says the rest of the path. */
function told(path: string): string {
  if (path === '') return 'the plan';
  const [last = '', before = ''] = path.split('.').toReversed();
  return /^\d+$/.test(last) ? `entry ${Number(last) + 1} of ${before}` : last;
}
