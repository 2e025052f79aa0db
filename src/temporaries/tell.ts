import { forShell } from '../text/escape.ts';
import { type Leftover, nameOf } from './leftovers.ts';
import { TEMPORARY_PROPERTY } from './tags.ts';
import type { Temporary } from './things.ts';
import { finalName } from './unfinished-name.ts';

/**
 * What a person reads about something that a dead run left and no run removes, with the commands to adopt or remove it.
 */
export function toldOf(leftover: Extract<Leftover, { action: 'tell' }>): string {
  return `${nameOf(leftover)} ${whyOf(leftover)}. ${wayOut(leftover)}`;
}

function whyOf({ because }: Extract<Leftover, { action: 'tell' }>): string {
  switch (because) {
    case 'whole':
      return 'was made by a run that ended before handing it over, and has all its data: it is kept';
    case 'empty':
      return 'was made by a run that ended before restoring to it, and is empty: it is kept';
    case 'used':
      return 'was made by an interrupted run, and is in use: it is kept';
    case 'doubt':
      return 'carries the record of an interrupted run, and may be a copy of what that run made: it is kept';
  }
}

function wayOut({ because, ...thing }: Extract<Leftover, { action: 'tell' }>): string {
  const remove = `remove it with: ${removal(thing)}`;
  const adopt = because === 'empty' ? undefined : adoption(thing);
  return adopt === undefined
    ? `If nobody needs it, ${remove}`
    : `Adopt it with: ${adopt}; or, if nobody needs it, ${remove}`;
}

function removal({ kind, id }: Temporary): string {
  const what = {
    server: 'server',
    image: 'image',
    volume: 'volume',
    snapshot: 'volume snapshot',
    secret: 'secret',
    port: 'port',
    'security group': 'security group',
  };
  return `openstack ${what[kind]} delete ${kind === 'secret' ? `$(openstack secret list -f value -c 'Secret href' | grep ${id})` : id}`;
}

/** The client ignores an empty word, and Cinder strips this one. */
const EMPTY = "' '";

function nameFor(name: string): string {
  const final = finalName(name);
  return final === '' ? EMPTY : forShell(final);
}

function adoption({ kind, id, name, record }: Temporary): string | undefined {
  switch (kind) {
    case 'volume':
      return `openstack volume set --name=${nameFor(name)} --description ${EMPTY} ${id}`;
    case 'image':
      return record.id === undefined
        ? `openstack image set --name NAME ${id}`
        : `openstack image unset --property ${TEMPORARY_PROPERTY} ${id} && openstack image set --name=${nameFor(name)} ${id}`;
    case 'server':
      return `openstack server unset --property ${TEMPORARY_PROPERTY} ${id}`;
    case 'snapshot':
      return `openstack volume snapshot set --name NAME --description ${EMPTY} ${id}`;
    case 'secret':
    case 'port':
    case 'security group':
      return undefined;
  }
}
