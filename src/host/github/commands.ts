import { randomUUID } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { EOL } from 'node:os';

/**
 * The few commands that a step sends to its runner, byte for byte as @actions/core sends them (a test compares). That
 * library also loads an HTTP client: 60 ms of start-up, even for a refused input or a post step without work.
 * https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
 */
export interface Runner {
  line(text: string): void;
  mask(value: string): void;
  debug(text: string): void;
  warning(text: string, title: string): void;
  error(text: string, title: string): void;
  startGroup(title: string): void;
  endGroup(): void;
  output(name: string, value: string): void;
  state(name: string, value: string): void;
  /** Appends Markdown to the step's summary. */
  summary(markdown: string): void;
}

export function runner(
  stdout: { write(text: string): unknown },
  environment: Readonly<Record<string, string | undefined>>,
): Runner {
  const command = (name: string, properties: Record<string, string>, message: string) => {
    const listed = Object.entries(properties).map(([key, value]) => `${key}=${escapeProperty(value)}`);
    stdout.write(
      `::${name}${listed.length === 0 ? '' : ` ${listed.join(',')}`}::${escapeData(message)}${EOL}`,
    );
  };
  // A script that calls us sets no such variable: nobody would read the file.
  const file = (variable: string, text: string) => {
    const path = environment[variable];
    if (path !== undefined && path !== '') appendFileSync(path, text, 'utf8');
  };
  return {
    line: (text) => void stdout.write(text + EOL),
    mask: (value) => command('add-mask', {}, value),
    debug: (text) => command('debug', {}, text),
    warning: (text, title) => command('warning', { title }, text),
    error: (text, title) => command('error', { title }, text),
    startGroup: (title) => command('group', {}, title),
    endGroup: () => command('endgroup', {}, ''),
    output: (name, value) => file('GITHUB_OUTPUT', entry(name, value)),
    state: (name, value) => file('GITHUB_STATE', entry(name, value)),
    summary: (markdown) => file('GITHUB_STEP_SUMMARY', markdown),
  };
}

/** The delimiter cannot be guessed, so no value can end its own entry and start another. */
function entry(name: string, value: string): string {
  const delimiter = `ghadelimiter_${randomUUID()}`;
  return `${name}<<${delimiter}${EOL}${value}${EOL}${delimiter}${EOL}`;
}

function escapeData(text: string): string {
  return text.replace(/%/g, '%25').replace(/\r/g, '%0D').replace(/\n/g, '%0A');
}

function escapeProperty(text: string): string {
  return escapeData(text).replace(/:/g, '%3A').replace(/,/g, '%2C');
}
