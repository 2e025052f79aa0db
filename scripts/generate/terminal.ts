const COLUMNS = 100;
const MARGIN = 20;
/** Of "DejaVu Sans Mono" and its like at 13 pixels; `textLength` makes other fonts as wide. */
const CHARACTER = 7.8;
const LINE = 17;

/** A picture (SVG) of what a command prints in a terminal of 100 columns. */
export function terminalPicture(typed: string, printed: string): string {
  const lines = [`$ ${typed}`, ...printed.trimEnd().split('\n')];
  const width = Math.ceil(COLUMNS * CHARACTER) + 2 * MARGIN;
  const height = lines.length * LINE + 2 * MARGIN;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escaped(typed)}</title>`,
    `<rect width="100%" height="100%" rx="8" fill="#0d1117"/>`,
    `<g fill="#e6edf3" font-family="ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace" font-size="13">`,
    ...lines.flatMap(pieces),
    '</g>',
    '</svg>\n',
  ].join('\n');
}

/** SVG makes one space of several, so what stands in columns is placed piece by piece. */
function pieces(line: string, index: number): string[] {
  const y = MARGIN + (index + 0.75) * LINE;
  return [...line.matchAll(/\S+(?: \S+)*/g)].map(({ 0: text, index: column }) => {
    const x = (MARGIN + column * CHARACTER).toFixed(1);
    const length = (text.length * CHARACTER).toFixed(1);
    return `<text x="${x}" y="${y}" textLength="${length}" lengthAdjust="spacingAndGlyphs">${escaped(text)}</text>`;
  });
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
