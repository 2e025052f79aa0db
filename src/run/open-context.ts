import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { InputError, messageOf } from '../errors.ts';
import type { CloudInputs } from '../inputs/cloud.ts';
import { type CloudChoice, ofAnotherCloud } from '../openstack/config/choose.ts';
import type { Variables } from '../openstack/config/files.ts';
import { loadCloud } from '../openstack/config/load.ts';
import type { Session } from '../openstack/connection.ts';
import { type Http, openHttp } from '../openstack/http.ts';
import { proxySecrets } from '../openstack/proxies.ts';
import { openSession, WIND_UP_MS } from '../openstack/session.ts';
import type { Host } from '../ports/host.ts';
import { type Ledger, openLedger } from '../temporaries/ledger.ts';
import { forLog } from '../text/escape.ts';
import type { Context } from './context.ts';

/** GitHub passes an empty string for a secret that does not exist. */
const EMPTY_SECRET =
  '`clouds-yaml` is empty. Check that the secret it is taken from exists under exactly that name. If it belongs to an environment, the job needs its `environment:`. Runs of forks and of Dependabot get no secrets.';

/** The context of a run on a host, and how to close it. */
export function openContext(host: Host, dryRun: boolean): { context: Context; close(): Promise<void> } {
  const open = new Map<string, Http>();
  const ledgers = new Map<Session, Ledger>();
  const things = new Map<string, Promise<unknown>>();
  const over = new AbortController();
  const signal = AbortSignal.any([host.signal, over.signal]);
  const sessions: Session[] = [];
  let outside = signal;
  const missing = host.kind === 'github' ? EMPTY_SECRET : undefined;
  const context: Context = {
    host,
    dryRun,
    async connect(inputs) {
      const { cloud, region, 'clouds-yaml': cloudsYaml } = inputs;
      const session = await logIn('the cloud', { cloud, region, cloudsYaml, missing }, host.environment);
      checkProject(session, inputs);
      return session;
    },
    connectElsewhere: (cloud, cloudsYaml) =>
      logIn('another cloud', { cloud, cloudsYaml, missing }, ofAnotherCloud(host.environment, cloud)),
    once<T>(key: string, make: () => Promise<T>) {
      const made = (things.get(key) as Promise<T> | undefined) ?? make();
      things.set(key, made);
      made.catch(() => things.delete(key));
      return made;
    },
    outside() {
      let http = open.get('outside');
      if (http === undefined) {
        for (const secret of proxySecrets(host.environment)) host.secrets.add(secret);
        http = openHttp({ verify: true }, host.environment);
        open.set('outside', http);
      }
      return { http, signal: () => outside };
    },
    windUp() {
      for (const session of sessions) session.windUp();
      if (outside.aborted) outside = AbortSignal.any([AbortSignal.timeout(WIND_UP_MS), over.signal]);
    },
    ledger(session) {
      let ledger = ledgers.get(session);
      if (ledger === undefined) {
        ledger = openLedger(session, host.run);
        ledgers.set(session, ledger);
      }
      return ledger;
    },
    async readText(pemOrPath) {
      if (pemOrPath.includes('-----BEGIN ')) return pemOrPath;
      try {
        return await readFile(resolve(host.directory, pemOrPath.replace(/^file:/, '')), 'utf8');
      } catch (error) {
        throw new InputError(
          `\`verify-key\`: cannot read ${pemOrPath}: ${messageOf(error)}`,
          'Give PEM text or the path of a file.',
          error,
        );
      }
    },
  };
  /** Two inputs may mean one cloud: then it is one login. */
  function logIn(which: string, choice: CloudChoice, environment: Variables): Promise<Session> {
    const { cloud, region, cloudsYaml } = choice;
    const key = `${which} ${JSON.stringify([cloud, region, cloudsYaml])}`;
    return context.once(key, async () => {
      const config = await loadCloud(choice, environment, host.directory);
      for (const secret of proxySecrets(host.environment)) host.secrets.add(secret);
      const http = openHttp(
        { ca: config.cacert, verify: config.verify, cert: config.cert, key: config.key },
        host.environment,
      );
      open.set(key, http);
      for (const warning of config.warnings) host.log.warn(warning);
      if (!config.verify)
        host.log.warn(`cloud "${config.name}": certificates are not checked (verify: false)`);
      const session = await openSession(config, {
        http,
        clock: host.clock,
        log: host.log,
        secret: (value) => host.secrets.add(value),
        signal,
      });
      sessions.push(session);
      const { user, project } = session.scope;
      host.log.info(`logged in as ${forLog(user.name)} to project ${forLog(project.name)} (${project.id})`);
      return session;
    });
  }

  return {
    context,
    async close() {
      for (const ledger of ledgers.values()) await ledger.close();
      // After a first error, other requests may still be under way, and would be retried.
      over.abort(new Error('the run is over'));
      for (const http of open.values()) await http.close();
    },
  };
}

/** Guards against credentials of the wrong project. */
function checkProject({ scope }: Session, { project }: CloudInputs): void {
  if (project === undefined || project === scope.project.id || project === scope.project.name) return;
  throw new InputError(
    `the credentials are for project ${scope.project.name} (${scope.project.id}), but \`project\` says ${project}`,
    'Use the credentials of that project. Nothing was changed.',
  );
}
