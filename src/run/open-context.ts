import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { InputError, messageOf } from '../errors.ts';
import type { CloudInputs } from '../inputs/cloud.ts';
import { loadCloud } from '../openstack/config/load.ts';
import type { Session } from '../openstack/connection.ts';
import { type Http, openHttp } from '../openstack/http.ts';
import { proxySecrets } from '../openstack/proxies.ts';
import { openSession } from '../openstack/session.ts';
import type { Host } from '../ports/host.ts';
import { directoryPlace } from '../store/directory.ts';
import type { Place } from '../store/place.ts';
import { type Ledger, openLedger } from '../temporaries/ledger.ts';
import { forLog } from '../text/escape.ts';
import type { Context } from './context.ts';

/** GitHub passes an empty string for a secret that does not exist. */
const EMPTY_SECRET =
  '`clouds-yaml` is empty. Check that the secret it is taken from exists under exactly that name. If it belongs to an environment, the job needs its `environment:`. Runs of forks and of Dependabot get no secrets.';

/** The context of a run on a host, and how to close it. */
export function openContext(host: Host, dryRun: boolean): { context: Context; close(): Promise<void> } {
  const open: Http[] = [];
  const ledgers = new Map<Session, Ledger>();
  const directories = new Map<string, Place>();
  const over = new AbortController();
  const context: Context = {
    host,
    dryRun,
    async connect(inputs) {
      const { cloud, region, 'clouds-yaml': cloudsYaml } = inputs;
      const missing = host.kind === 'github' ? EMPTY_SECRET : undefined;
      const config = await loadCloud(
        { cloud, region, cloudsYaml, missing },
        host.environment,
        host.directory,
      );
      for (const secret of proxySecrets(host.environment)) host.secrets.add(secret);
      const http = openHttp(
        { ca: config.cacert, verify: config.verify, cert: config.cert, key: config.key },
        host.environment,
      );
      open.push(http);
      for (const warning of config.warnings) host.log.warn(warning);
      if (!config.verify)
        host.log.warn(`cloud "${config.name}": certificates are not checked (verify: false)`);
      const session = await openSession(config, {
        http,
        clock: host.clock,
        log: host.log,
        secret: (value) => host.secrets.add(value),
        signal: AbortSignal.any([host.signal, over.signal]),
      });
      checkProject(session, inputs);
      return session;
    },
    directory(path) {
      let place = directories.get(path);
      if (place === undefined) {
        place = directoryPlace(path, {
          run: host.run,
          liveness: (owner) => host.liveness(owner),
          now: () => host.clock.now(),
        });
        directories.set(path, place);
      }
      return place;
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
        return await readFile(resolve(host.directory, pemOrPath), 'utf8');
      } catch (error) {
        throw new InputError(
          `cannot read ${pemOrPath}: ${messageOf(error)}`,
          'Give PEM text or the path of a file.',
          error,
        );
      }
    },
  };
  return {
    context,
    async close() {
      for (const ledger of ledgers.values()) await ledger.close();
      // After a first error, other requests may still be under way, and would be retried.
      over.abort(new Error('the run is over'));
      for (const http of open) await http.close();
    },
  };
}

/** Guards against credentials of the wrong project. */
function checkProject({ scope, log }: Session, { project }: CloudInputs): void {
  log.info(
    `logged in as ${forLog(scope.user.name)} to project ${forLog(scope.project.name)} (${scope.project.id})`,
  );
  if (project === undefined || project === scope.project.id || project === scope.project.name) return;
  throw new InputError(
    `the credentials are for project ${scope.project.name} (${scope.project.id}), but \`project\` says ${project}`,
    'Use the credentials of that project. Nothing was changed.',
  );
}
