/**
 * What S3 answers, without a parser of XML: its elements have no attributes, and their text no `<`. Takes time in
 * proportion to the text, whatever is in it.
 */

/** The text between the first `<name>` and the `</name>` after it, decoded; undefined if there is none. */
export function field(xml: string, name: string): string | undefined {
  const open = xml.indexOf(`<${name}>`);
  if (open < 0) return undefined;
  const from = open + name.length + 2;
  const to = xml.indexOf(`</${name}>`, from);
  return to < 0
    ? undefined
    : xml.slice(from, to).replace(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|(amp|lt|gt|quot|apos));/gi, entity);
}

/** The raw texts of all elements of that name, which never lie in each other. */
export function elements(xml: string, name: string): string[] {
  return xml
    .split(`<${name}>`)
    .slice(1)
    .map((rest) => rest.slice(0, Math.max(0, rest.indexOf(`</${name}>`))));
}

const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function entity(all: string, decimal?: string, hex?: string, name?: string): string {
  if (name !== undefined) return NAMED[name.toLowerCase()] ?? all;
  const code = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal);
  return code <= 0x10ffff ? String.fromCodePoint(code) : all;
}
