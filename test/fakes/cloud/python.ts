/** OpenStack's error texts quote values as Python prints them. */
import type { Json } from './http.ts';

export function pythonRepr(value: Json | undefined): string {
  if (value === null || value === undefined) return 'None';
  if (value === true) return 'True';
  if (value === false) return 'False';
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') {
    const quote = value.includes("'") && !value.includes('"') ? '"' : "'";
    const escaped = value
      .replaceAll('\\', '\\\\')
      .replaceAll('\n', '\\n')
      .replaceAll('\r', '\\r')
      .replaceAll('\t', '\\t');
    return quote + (quote === "'" ? escaped.replaceAll("'", "\\'") : escaped) + quote;
  }
  if (Array.isArray(value)) return `[${value.map(pythonRepr).join(', ')}]`;
  return `{${Object.entries(value)
    .map(([key, each]) => `${pythonRepr(key)}: ${pythonRepr(each)}`)
    .join(', ')}}`;
}

/** str(): like repr, but a string stays bare. */
export function pythonStr(value: Json | undefined): string {
  return typeof value === 'string' ? value : pythonRepr(value);
}
