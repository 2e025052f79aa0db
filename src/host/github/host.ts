import { randomUUID } from 'node:crypto';
import { systemClock } from '../../clock.ts';
import type { Host, HostLog } from '../../ports/host.ts';
import { formatOwner } from '../../ports/owner.ts';
import { forLog } from '../../text/escape.ts';
import { Secrets } from '../../text/secrets.ts';
import { loggedProgress } from '../progress.ts';
import { cacheOf } from './cache.ts';
import { type Runner, runner } from './commands.ts';
import { hereOf } from './environment.ts';
import { tokenOf } from './inputs.ts';
import { lazyGitHub } from './lazy.ts';

export interface GitHubHost extends Host {
  /** For outputs and the summary, which only the entry point writes. */
  readonly runner: Runner;
  /** The one line that says why the step failed. */
  fail(line: string): void;
}

/** A step of a workflow on GitHub. Loads clients when they are first needed. */
export function githubHost(options: {
  readonly stdout: { write(text: string): unknown };
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly directory: string;
  readonly signal: AbortSignal;
  /** The title of annotations: the action's name. */
  readonly title: string;
}): GitHubHost {
  const { environment, title } = options;
  const say = runner(options.stdout, environment);
  // The runner would split a mask of several lines and mask each, even harmless ones: Secrets passes the lines that
  // matter one by one. Text with other control characters is never printed as is.
  const secrets = new Secrets((encoding) => {
    if (!/\p{Cc}/u.test(encoding)) say.mask(encoding);
  });
  for (const name of ['ACTIONS_RUNTIME_TOKEN', 'ACTIONS_ID_TOKEN_REQUEST_TOKEN'])
    secrets.add(environment[name] ?? '');
  const token = tokenOf(environment);
  secrets.add(token ?? '');
  const log = stepLog(say, secrets, title, environment['RUNNER_DEBUG'] === '1');
  const here = hereOf(environment);
  const { repository, runId, attempt } = here;
  const github = lazyGitHub({
    here,
    token,
    environment,
    log,
    secret: (value) => secrets.add(value),
    runner: say,
  });
  return {
    kind: 'github',
    clock: systemClock,
    log,
    secrets,
    words: (text) => text,
    environment,
    directory: options.directory,
    signal: options.signal,
    run: {
      id: randomUUID(),
      owner: formatOwner({ kind: 'github', repository, run: String(runId), attempt: String(attempt) }),
    },
    liveness: async (owner) => (owner.kind === 'github' ? github.liveness(owner) : 'unknown'),
    progress: loggedProgress(log.info, systemClock),
    cache: cacheOf(environment, log),
    github: github.services,
    terminal: undefined,
    identityToken: (audience) => github.identityToken(audience),
    runner: say,
    fail: (line) => say.error(annotation(forLog(secrets.redact(line))), title),
  };
}

/** Longer annotations help nobody; the log has the rest. */
const LONGEST_ANNOTATION = 4000;
/** GitHub shows ten of each kind per step. The last error is reserved for why it failed; the log has the rest. */
const MOST_ANNOTATIONS = 9;

function annotation(line: string): string {
  return line.length > LONGEST_ANNOTATION ? `${line.slice(0, LONGEST_ANNOTATION)}…` : line;
}

function stepLog(say: Runner, secrets: Secrets, title: string, isDebug: boolean): HostLog {
  const safe = (text: string) => forLog(secrets.redact(text));
  const annotate = (kind: 'warning' | 'error') => {
    let told = 0;
    return (text: string) => {
      told += 1;
      if (told > MOST_ANNOTATIONS) say.line(`${kind}: ${safe(text)}`);
      else say[kind](annotation(safe(text)), title);
    };
  };
  return {
    // Without ACTIONS_STEP_DEBUG the runner would hide these, but still process them.
    debug: isDebug ? (text) => say.debug(safe(text)) : () => undefined,
    info: (text) => say.line(safe(text)),
    warn: annotate('warning'),
    error: annotate('error'),
    async group(name, work) {
      say.startGroup(safe(name));
      try {
        return await work();
      } finally {
        say.endGroup();
      }
    },
  };
}
