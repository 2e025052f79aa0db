/** Neutron: what our program asks of it, what a user may not do, and what Nova says of a server's ports. */
import { first, isObj, N, type Obj, type Side, type Value } from './side.ts';

const NOWHERE = '11111111-1111-4111-8111-111111111111';

/** Numbers of the database. */
const OMITTED = ['standard_attr_id', 'revision_number'];

/** Neutron picks addresses at random, and lists in the order of random ids. */
function plain(value: Value): Value {
  if (Array.isArray(value)) return value.map(plain).sort(byName);
  if (isObj(value))
    return Object.fromEntries(
      Object.entries(value)
        .filter(([key]) => !OMITTED.includes(key))
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, each]) => [key, plain(each)]),
    );
  if (typeof value !== 'string') return value;
  return value
    .replace(/\bfa:16:3e(:[0-9a-f]{2}){3}\b/g, '<mac>')
    .replace(/\b(10\.0\.0|203\.0\.113)\.(?!0\b)\d+\b/g, '<address>');
}

function byName(a: Value, b: Value): number {
  const key = (value: Value) =>
    isObj(value)
      ? ['name', 'direction', 'ethertype', 'description', 'ip_address'].map((each) => value[each]).join()
      : '';
  return key(a) < key(b) ? -1 : 1;
}

class Network {
  readonly side: Side;

  constructor(side: Side) {
    this.side = side;
  }

  async ask(method: string, path: string, body?: Obj | Buffer, as: Side = this.side): Promise<Obj> {
    const sent = await as.send('network', method, path, body);
    const type = (sent.headers.get('content-type') ?? '').replace(/;.*/, '');
    as.note(
      `network ${method} ${String(plain(path))} ${body === undefined || Buffer.isBuffer(body) ? '' : JSON.stringify(body)}`,
      sent.status,
      { type, body: plain(sent.body) },
    );
    return isObj(sent.body) ? sent.body : {};
  }

  async make(path: string, body: Obj): Promise<Obj> {
    return first(await this.ask('POST', path, body));
  }

  /** What a server shows of its ports. */
  async ofServer(label: string, path: string): Promise<void> {
    const { body } = await this.side.send(N, 'GET', path);
    const { status, addresses, security_groups: groups } = first(body);
    this.side.note(
      label,
      200,
      plain({ status: status ?? null, addresses: addresses ?? null, groups: groups ?? null }),
    );
  }
}

async function idOf(side: Side, collection: string, name: string): Promise<string> {
  const { body } = await side.send('network', 'GET', `/v2.0/${collection}?name=${name}`);
  const [row] = isObj(body) ? ((Object.values(body)[0] ?? []) as Obj[]) : [];
  return String(row?.['id'] ?? NOWHERE);
}

async function looks(to: Network, small: Side): Promise<void> {
  await to.ask('GET', '/');
  await to.ask('GET', '/v2.0/');
  for (const path of ['networks', 'subnets', 'ports', 'security-groups', 'floatingips'])
    await to.ask('GET', `/v2.0/${path}`);
  await to.ask('GET', '/v2.0/networks?name=nobody');
  await to.ask('GET', '/v2.0/networks?name=private&limit=1');
  await to.ask('GET', '/v2.0/networks?bogus=1');
  await to.ask('GET', '/v2.0/networks?limit=x');
  await to.ask('GET', `/v2.0/networks?marker=${NOWHERE}&limit=1`);
  for (const path of ['networks', 'subnets', 'ports', 'security-groups', 'floatingips', 'nothing'])
    await to.ask('GET', `/v2.0/${path}/${NOWHERE}`);
  await to.ask('GET', '/v2.0/ports/zz');
  await to.ask('GET', `/v2.0/quotas/${to.side.projectId}/details`);
  await to.ask('GET', `/v2.0/quotas/${to.side.projectId}/details`, undefined, small);
}

/** As drills make and remove them. */
async function groups(to: Network, small: Side): Promise<string> {
  const made = await to.make('/v2.0/security-groups', {
    security_group: { name: 'cmp', description: 'said of it' },
  });
  const path = `/v2.0/security-groups/${String(made['id'])}`;
  await to.ask('GET', '/v2.0/security-groups?name=cmp');
  await to.ask('GET', path, undefined, small);
  await to.ask('PUT', path, { security_group: { description: 'otherwise' } }, small);
  await to.ask('PUT', path, { security_group: { description: 'otherwise' } });
  await to.ask('PUT', path, { security_group: { description: 'x'.repeat(256) } });
  const rules = (made['security_group_rules'] as Obj[])
    .sort(byName)
    .map(({ id }) => `/v2.0/security-group-rules/${id}`);
  await to.ask('DELETE', rules[0] ?? '', undefined, small);
  for (const rule of rules) await to.ask('DELETE', rule);
  await to.ask('DELETE', rules[0] ?? '');
  await to.ask('GET', path);
  await to.ask('DELETE', path, undefined, small);
  await to.ask('POST', '/v2.0/security-groups', { security_group: { name: 'default' } });
  await to.ask('POST', '/v2.0/security-groups', { security_group: { name: 5 } });
  await to.ask('POST', '/v2.0/security-groups', { security_group: { name: 'x', bogus: 1 } });
  await to.ask('POST', '/v2.0/security-groups', { other: {} });
  return String(made['id']);
}

async function ports(to: Network, small: Side, group: string): Promise<void> {
  const network = await idOf(to.side, 'networks', 'private');
  const made = await to.make('/v2.0/ports', {
    port: { network_id: network, name: 'cmp', description: 'said of it', security_groups: [group] },
  });
  const path = `/v2.0/ports/${String(made['id'])}`;
  await to.ask('GET', '/v2.0/ports?name=cmp');
  await to.ask('GET', `/v2.0/ports?network_id=${network}`);
  await to.ask('GET', `/v2.0/ports?network_id=${network}`, undefined, small);
  await to.ask('GET', path);
  await to.ask('GET', path, undefined, small);
  await to.ask('PUT', path, { port: { description: 'otherwise' } });
  await to.ask('PUT', path, { port: { description: 'otherwise' } }, small);
  await to.ask('PUT', path, { port: { security_groups: [] } });
  await to.ask('PUT', path, { port: { security_groups: [NOWHERE] } });
  await to.ask('PUT', path, { port: { security_groups: [group] } });
  await to.ask('DELETE', `/v2.0/security-groups/${group}`);
  await to.ask('DELETE', path, undefined, small);
  await to.ask('DELETE', path);
  await to.ask('DELETE', path);
  const post = (port: Obj) => to.ask('POST', '/v2.0/ports', { port });
  await post({ network_id: 'zz' });
  await post({});
  await post({ network_id: NOWHERE });
  await post({ network_id: network, security_groups: [NOWHERE] });
  await post({ network_id: network, security_groups: ['zz'] });
  await post({ network_id: network, description: 'x'.repeat(256) });
  // Of a shared network only its owner chooses addresses, and in an external one nobody else has ports.
  await post({ network_id: network, fixed_ips: [{ ip_address: '10.0.0.77' }] });
  await post({ network_id: await idOf(to.side, 'networks', 'public') });
  await to.ask('POST', '/v2.0/ports', Buffer.from('junk'));
}

/** In a network of the user's own. */
async function own(to: Network): Promise<void> {
  const network = String((await to.make('/v2.0/networks', { network: { name: 'cmp own' } }))['id']);
  const post = (port: Obj) => to.make('/v2.0/ports', { port: { network_id: network, ...port } });
  const bare = await post({ name: 'cmp bare' });
  await to.ask('DELETE', `/v2.0/ports/${String(bare['id'])}`);
  await to.make('/v2.0/subnets', {
    subnet: { network_id: network, cidr: '192.0.2.0/24', ip_version: 4, name: 'cmp own' },
  });
  await to.ask('GET', `/v2.0/subnets?network_id=${network}`);
  await to.ask('GET', '/v2.0/networks?name=cmp%20own');
  const there = await post({ name: 'cmp there', fixed_ips: [{ ip_address: '192.0.2.77' }] });
  await post({ fixed_ips: [{ ip_address: '192.0.2.77' }] });
  await post({ fixed_ips: [{ ip_address: '198.51.100.7' }] });
  await to.ask('GET', `/v2.0/ports?network_id=${network}`);
  await to.ask('GET', '/v2.0/ports?fixed_ips=ip_address%3D192.0.2.77');
  await to.ask('DELETE', `/v2.0/networks/${network}`);
  await to.ask('DELETE', `/v2.0/ports/${String(there['id'])}`);
  await to.ask('DELETE', `/v2.0/networks/${network}`);
}

async function floating(to: Network, small: Side): Promise<void> {
  const [inside, outside] = [
    await idOf(to.side, 'networks', 'private'),
    await idOf(to.side, 'networks', 'public'),
  ];
  const made = await to.make('/v2.0/floatingips', { floatingip: { floating_network_id: outside } });
  const path = `/v2.0/floatingips/${String(made['id'])}`;
  await to.ask('GET', `/v2.0/floatingips?floating_ip_address=${String(made['floating_ip_address'])}`);
  await to.ask('GET', path, undefined, small);
  const port = await to.make('/v2.0/ports', { port: { network_id: inside, name: 'cmp floats' } });
  await to.ask('PUT', path, { floatingip: { port_id: String(port['id']) } }, small);
  await to.ask('PUT', path, { floatingip: { port_id: NOWHERE } });
  await to.ask('PUT', path, { floatingip: { port_id: String(port['id']) } });
  await to.ask('GET', `/v2.0/floatingips?port_id=${String(port['id'])}`);
  const other = await to.make('/v2.0/ports', { port: { network_id: inside, name: 'cmp other' } });
  await to.ask('PUT', path, { floatingip: { port_id: String(other['id']) } });
  await to.ask('DELETE', `/v2.0/ports/${String(other['id'])}`);
  await to.ask('GET', path);
  await to.ask('DELETE', `/v2.0/ports/${String(port['id'])}`);
  await to.ask('DELETE', path);
  await to.ask('DELETE', path);
}

export async function networks(side: Side, small: Side): Promise<void> {
  const to = new Network(side);
  await looks(to, small);
  const group = await groups(to, small);
  await ports(to, small, group);
  await to.ask('DELETE', `/v2.0/security-groups/${group}`);
  await to.ask('DELETE', `/v2.0/security-groups/${group}`);
  await own(to);
  await floating(to, small);
}

async function rowOf(side: Side, path: string, name: string): Promise<string> {
  const { body } = await side.send(path.startsWith('/v2/') ? 'image' : N, 'GET', path);
  const [rows] = isObj(body) ? Object.values(body).filter(Array.isArray) : [];
  return String((rows as Obj[] | undefined)?.find((row) => row['name'] === name)?.['id'] ?? NOWHERE);
}

/** How Nova makes ports, uses those that are there, and lets go of them. */
export async function serverPorts(side: Side): Promise<void> {
  const to = new Network(side);
  const [flavorRef, imageRef] = [
    await rowOf(side, '/flavors', 'tiny'),
    await rowOf(side, '/v2/images', 'tiny'),
  ];
  const network = await idOf(side, 'networks', 'private');
  const ask = async (label: string, fields: Obj): Promise<string> => {
    const server = { name: 'cmp ports', flavorRef, imageRef, ...fields };
    const { status, body } = await side.send('compute 2.96', 'POST', '/servers', { server });
    side.note(label, status, status === 202 ? null : plain(body));
    const id = String(first(body)['id']);
    if (status !== 202) return id;
    await side.settle(N, `/servers/${id}`);
    return id;
  };
  const gone = async (id: string) => {
    await side.send(N, 'DELETE', `/servers/${id}`);
    await side.settle(N, `/servers/${id}`);
    await to.ask('GET', '/v2.0/ports');
  };
  const booted = async (label: string, fields: Obj) => {
    const id = await ask(label, fields);
    await to.ofServer(`${label}: shown`, `/servers/${id}`);
    await to.ask('GET', `/v2.0/ports?device_id=${id}`);
    return id;
  };
  await gone(await booted('without a network', { networks: 'none' }));
  await gone(await booted('in a network', { networks: [{ uuid: network }] }));
  await gone(
    await booted('in a shared network, with an address', {
      networks: [{ uuid: network, fixed_ip: '10.0.0.77' }],
    }),
  );
  const outside = await idOf(side, 'networks', 'public');
  await gone(await booted('in an external network', { networks: [{ uuid: outside }] }));
  const made = await to.make('/v2.0/ports', {
    port: { network_id: network, name: 'cmp', security_groups: [] },
  });
  const port = String(made['id']);
  const there = await booted('through a port', { networks: [{ port }] });
  await ask('through a port in use', { networks: [{ port }] });
  await gone(there);
  await to.ask('DELETE', `/v2.0/ports/${port}`);
  await ask('through no port', { networks: [{ port: NOWHERE }] });
  await ask('in no network', { networks: [{ uuid: NOWHERE }] });
  await ask('with no such group', { networks: [{ uuid: network }], security_groups: [{ name: 'nobody' }] });
}
