import type { Holdings } from '../../src/temporaries/holdings.ts';
import { backup, image, secret, snapshot, volume } from './records.ts';
import { server } from './server-records.ts';

export type Kind = 'server' | 'image' | 'volume' | 'snapshot' | 'secret' | 'backup';
export const KINDS: readonly Kind[] = ['server', 'image', 'volume', 'snapshot', 'secret', 'backup'];
export type Stage = 'busy' | 'broken' | 'whole' | 'used';

/** How a thing of a kind looks at a stage. */
const STATUSES: Readonly<Record<Kind, Partial<Record<Stage, readonly string[]>>>> = {
  server: { busy: ['BUILD'], broken: ['ERROR'], whole: ['ACTIVE', 'SHUTOFF', 'SHELVED_OFFLOADED'] },
  image: { busy: ['importing'], broken: ['queued', 'saving'], whole: ['active', 'deactivated'] },
  volume: {
    busy: ['creating', 'downloading', 'restoring-backup'],
    broken: ['error', 'error_restoring'],
    whole: ['available'],
    used: ['in-use', 'reserved', 'uploading'],
  },
  snapshot: { busy: ['creating'], broken: ['error'], whole: ['available'] },
  secret: { broken: ['ACTIVE'], whole: ['ACTIVE'] },
  backup: { busy: ['creating', 'restoring'], broken: ['error'], whole: ['available'] },
};

export function stagesOf(kind: Kind): Stage[] {
  return Object.keys(STATUSES[kind]) as Stage[];
}

export interface Look {
  readonly stage: Stage;
  readonly createdAt: number;
  readonly id?: string;
  readonly name?: string;
  /** In the description, the property or the metadata. */
  readonly text?: string | undefined;
  /** Of an image. */
  readonly mapping?: string;
  /** Of a backup. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** What stands in a project. */
export class Shelf {
  readonly holdings: { readonly [K in keyof Holdings]: Holdings[K][number][] } = {
    backups: [],
    volumes: [],
    snapshots: [],
    images: [],
    secrets: [],
    servers: [],
  };
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  uuid(): string {
    const digits = (length: number) =>
      Array.from({ length }, () => Math.floor(this.#random() * 16).toString(16)).join('');
    return [8, 4, 4, 4, 12].map(digits).join('-');
  }

  /** @returns the id */
  stand(kind: Kind, look: Look): string {
    const { stage, id = this.uuid(), name, text, mapping, metadata = {} } = look;
    const statuses = STATUSES[kind][stage] ?? [];
    const status = statuses[Math.floor(this.#random() * statuses.length)] ?? '';
    const createdAt = new Date(look.createdAt).toISOString();
    const seen = { id, status, createdAt, ...(name === undefined ? {} : { name }) };
    const property = text === undefined ? {} : { openstack_backup_temporary: text };
    const described = { ...seen, description: text ?? '' };
    const { holdings } = this;
    switch (kind) {
      case 'server':
        holdings.servers.push(server({ ...seen, launched: stage === 'whole', metadata: property }));
        break;
      case 'image':
        holdings.images.push(image({ ...seen, properties: withMapping(property, mapping) }));
        break;
      case 'volume':
        holdings.volumes.push(volume({ ...described, attachments: attachmentsOf(status) }));
        break;
      case 'snapshot':
        holdings.snapshots.push(snapshot(described));
        break;
      case 'secret':
        holdings.secrets.push(
          secret({
            ...seen,
            contentTypes: stage === 'broken' ? {} : { default: 'application/octet-stream' },
            metadata: text === undefined ? {} : { 'openstack-backup-temporary': text },
          }),
        );
        break;
      case 'backup':
        holdings.backups.push(backup({ ...seen, metadata }));
    }
    return id;
  }
}

function withMapping(property: Record<string, string>, mapping: string | undefined): Record<string, string> {
  return mapping === undefined ? property : { ...property, block_device_mapping: mapping };
}

function attachmentsOf(status: string): { serverId: string; device: string }[] {
  return status === 'in-use' ? [{ serverId: 's', device: '/dev/vdb' }] : [];
}
