/** A block of commands of a runbook. */
export interface Block {
  /** The number of the section that it stands in; 0 for what comes before all of them. */
  readonly section: number;
  readonly commands: string;
}

/**
 * All blocks, as a reader of Markdown sees them: a fence is a line of backticks and nothing else.
 *
 * @throws TypeError if one has no end
 */
export function blocksOf(runbook: string): Block[] {
  const blocks: Block[] = [];
  let section = 0;
  let open: string[] | undefined;
  for (const line of runbook.split('\n')) {
    const [, number] = /^## (\d+)\. /.exec(line) ?? [];
    if (open === undefined && number !== undefined) section = Number(number);
    if (!/^ {0,3}```/.test(line)) open?.push(line);
    else if (open === undefined) open = [];
    else {
      blocks.push({ section, commands: open.join('\n') });
      open = undefined;
    }
  }
  if (open !== undefined) throw new TypeError('a block of RESTORE.md has no end');
  return blocks;
}
