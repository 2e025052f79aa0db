import { BlockList, isIP } from 'node:net';
import { InputError } from '../errors.ts';

/** A proxy that a variable of the environment names. */
export interface NamedProxy {
  readonly variable: string;
  /** Scheme, host and port; without user and password, which are never shown. */
  readonly origin: string;
  /** Value of `Proxy-Authorization`. */
  readonly authorization: string | undefined;
}

type Variables = Readonly<Record<string, string | undefined>>;

/**
 * The proxy for a URL, as Python's `requests` reads it for other OpenStack clients: `https_proxy` and `http_proxy` by
 * the URL's scheme, else `all_proxy`, unless `no_proxy` names the host; lower case first, then upper.
 *
 * @throws InputError that names the variable if its value is no HTTP proxy
 */
export function proxyFor(url: URL, environment: Variables): NamedProxy | undefined {
  const named =
    firstOf(environment, `${url.protocol.slice(0, -1)}_proxy`) ?? firstOf(environment, 'all_proxy');
  if (named === undefined) return undefined;
  const around = firstOf(environment, 'no_proxy');
  if (around !== undefined && isAround(url, around.value)) return undefined;
  return parseProxy(named.variable, named.value);
}

/** What must never be shown: the passwords in these variables, as they are written and as they are sent. */
export function proxySecrets(environment: Variables): string[] {
  return ['https_proxy', 'http_proxy', 'all_proxy'].flatMap((name) => {
    const value = firstOf(environment, name)?.value ?? '';
    const written = /^(?:[^/]*:\/\/)?[^/@]*?:(.*)@/.exec(value)?.[1];
    if (!written) return [];
    const pair = /^(?:[^/]*:\/\/)?([^/]*)@/.exec(value)?.[1];
    return [...new Set([written, plain(written), ...(pair === undefined ? [] : [base64(pair)])])];
  });
}

function firstOf(environment: Variables, name: string) {
  for (const variable of [name, name.toUpperCase()]) {
    const value = environment[variable]?.trim();
    if (value) return { variable, value };
  }
  return undefined;
}

function parseProxy(variable: string, value: string): NamedProxy {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(value)?.[1]?.toLowerCase();
  if (scheme?.startsWith('socks'))
    throw new InputError(
      `${variable} names a ${scheme} proxy, which is not supported`,
      `Name an HTTP proxy, unset ${variable}, or put the cloud's hosts into NO_PROXY.`,
    );
  const url = urlOf(scheme === undefined ? `http://${value}` : value);
  if (url === undefined || !['http:', 'https:'].includes(url.protocol) || url.hostname === '')
    throw new InputError(
      `${variable} is not the URL of a proxy`,
      'Write it like http://proxy.example:3128, with USER:PASSWORD@ before the host if the proxy asks for them; percent-encode special characters.',
    );
  const pair = `${url.username}:${url.password}`;
  return { variable, origin: url.origin, authorization: pair === ':' ? undefined : `Basic ${base64(pair)}` };
}

function urlOf(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

function base64(pair: string): string {
  return Buffer.from(plain(pair)).toString('base64');
}

function plain(encoded: string): string {
  try {
    return decodeURIComponent(encoded);
  } catch {
    return encoded;
  }
}

/** `*`, a host, a domain and what is below it, each with or without a port, an address or a CIDR. */
function isAround(url: URL, list: string): boolean {
  const host = url.hostname.replace(/^\[|\]$/g, '').toLowerCase();
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  return list
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .some((entry) => entry === '*' || matches(entry.toLowerCase(), host, port));
}

function matches(entry: string, host: string, port: string): boolean {
  if (entry.includes('/')) return isWithin(entry, host);
  const [, bracketed, wanted] = /^\[(.*)\](?::(\d+))?$/.exec(entry) ?? [];
  if (bracketed !== undefined) return sameHost(bracketed, host) && (wanted === undefined || wanted === port);
  if (isIP(entry) === 6) return sameHost(entry, host);
  const [name = '', own] = entry.split(':');
  if (own !== undefined && own !== '' && own !== port) return false;
  const domain = name.replace(/^\*?\./, '');
  return sameHost(domain, host) || (domain !== '' && isIP(host) === 0 && host.endsWith(`.${domain}`));
}

function sameHost(one: string, other: string): boolean {
  return one === other || (isIP(one) === 6 && urlOf(`http://[${one}]`)?.hostname === `[${other}]`);
}

function isWithin(cidr: string, host: string): boolean {
  const [network = '', bits = ''] = cidr.split('/');
  const version = isIP(network);
  if (version === 0 || isIP(host) !== version || !/^\d{1,3}$/.test(bits)) return false;
  if (Number(bits) > (version === 4 ? 32 : 128)) return false;
  const family = version === 4 ? 'ipv4' : 'ipv6';
  const block = new BlockList();
  block.addSubnet(network, Number(bits), family);
  return block.check(host, family);
}
