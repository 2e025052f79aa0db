/** Key pairs: a user's own, whatever the project. */
import { createHash } from 'node:crypto';
import { isoMicros } from '../clock.ts';
import type { Core } from '../core.ts';
import { type JsonObject, type Params, param, type Reply, type Router } from '../http.ts';
import { pythonRepr } from '../python.ts';
import type { KeyPair } from '../state.ts';
import { type NovaCall, readBody, refuse } from './call.ts';

function view({ minor }: NovaCall, pair: KeyPair): JsonObject {
  const { name, publicKey, fingerprint, type } = pair;
  return { name, public_key: publicKey, fingerprint, ...(minor >= 2 ? { type } : {}) };
}

function own(core: Core, call: NovaCall): KeyPair[] {
  return core.state.keypairs
    .filter((pair) => pair.userId === call.token.user.id)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function find(core: Core, call: NovaCall, params: Params): KeyPair {
  const name = param(params, 'name');
  const pair = own(core, call).find((each) => each.name === name);
  if (pair === undefined) throw refuse(404, `Keypair ${name} not found for user ${call.token.user.id}`);
  return pair;
}

/** nova.crypto.generate_fingerprint: MD5 of the key's blob. */
function fingerprintOf(publicKey: string): string {
  const [algorithm = '', blob = ''] = publicKey.split(' ');
  const bytes = Buffer.from(blob, 'base64');
  if (!/^(?:ssh-|ecdsa-)/.test(algorithm) || !bytes.includes(algorithm))
    throw refuse(400, 'Keypair data is invalid: failed to generate fingerprint');
  const digest = createHash('md5').update(bytes).digest('hex');
  return (digest.match(/../g) ?? []).join(':');
}

/** Importing only: from 2.92 Nova makes no keys itself. */
function create(core: Core, call: NovaCall): Reply {
  const body = readBody(
    call.raw,
    'keypair',
    ['name', 'public_key'],
    ['name', 'public_key', ...(call.minor >= 2 ? ['type'] : []), ...(call.minor >= 10 ? ['user_id'] : [])],
  );
  const name = String(body['name']);
  const allowed = call.minor >= 92 ? '^[_\\\\-\\\\@\\\\. a-zA-Z0-9]+$' : '^[_\\\\- a-zA-Z0-9]+$';
  if (!(call.minor >= 92 ? /^[-_@. a-zA-Z0-9]+$/ : /^[-_ a-zA-Z0-9]+$/).test(name))
    throw refuse(
      400,
      `Invalid input for field/attribute name. Value: ${name}. ${pythonRepr(name)} does not match '${allowed}'`,
    );
  const publicKey = String(body['public_key']);
  const fingerprint = fingerprintOf(publicKey);
  if (own(core, call).some((pair) => pair.name === name))
    throw refuse(409, `Key pair '${name}' already exists.`);
  const pair: KeyPair = {
    userId: call.token.user.id,
    name,
    publicKey,
    fingerprint,
    type: typeof body['type'] === 'string' ? body['type'] : 'ssh',
    createdAt: core.clock.now(),
  };
  core.state.keypairs.push(pair);
  return {
    status: call.minor >= 2 ? 201 : 200,
    json: { keypair: { ...view(call, pair), user_id: pair.userId } },
  };
}

export function keyPairRoutes(core: Core, router: Router<NovaCall>): void {
  const one = '/v2.1/os-keypairs/:name';
  router
    .on('GET', '/v2.1/os-keypairs', (call) => ({
      status: 200,
      json: { keypairs: own(core, call).map((pair) => ({ keypair: view(call, pair) })) },
    }))
    .on('POST', '/v2.1/os-keypairs', (call) => create(core, call))
    .on('GET', one, (call, params) => {
      const pair = find(core, call, params);
      const times = { created_at: isoMicros(pair.createdAt), updated_at: null, deleted_at: null };
      return {
        status: 200,
        json: {
          keypair: { ...view(call, pair), user_id: pair.userId, id: 1, deleted: false, ...times },
        },
      };
    })
    .on('DELETE', one, (call, params) => {
      const pair = find(core, call, params);
      core.state.keypairs.splice(core.state.keypairs.indexOf(pair), 1);
      return { status: call.minor >= 2 ? 204 : 202 };
    });
}
