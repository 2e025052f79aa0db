import { execFileSync, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Manifest, RestorePoint, SavedPort } from '../../../src/manifest/schema.ts';
import { blocksOf } from '../../../src/runbook/blocks.ts';
import { Book } from '../../../src/runbook/book.ts';
import { dataTimes } from '../../../src/runbook/data-times.ts';
import { runbook } from '../../../src/runbook/runbook.ts';
import { growth, LINEAR } from '../../support/growth.ts';
import {
  backupPoint,
  encryptedWith,
  imagePoint,
  keptImagePoint,
  keyOf,
  manifestWith,
  secretPoint,
  serverPoint,
  volumeImagePoint,
} from '../../support/points.ts';
import { runBlocks } from '../../support/runbook.ts';
import { savedDisk, savedPort } from '../../support/server-records.ts';

const SHA256 = 'e'.repeat(64);
const section = (manifest: Manifest, number: number) =>
  blocksOf(runbook(manifest, SHA256))
    .filter((block) => block.section === number)
    .map(({ commands }) => commands)
    .join('\n');

describe('what is said', () => {
  test('which manifest it is of, and that of a run without a restore point there is nothing', () => {
    const text = runbook(manifestWith(), SHA256);
    expect(text).toContain(SHA256);
    expect(text).toContain('Nothing was saved');
    expect(blocksOf(text)).toEqual([]);
  });

  test('with which clients it was tried: those that the real clouds of our tests run it with', async () => {
    const cloud = new URL('../../cloud/', import.meta.url);
    const names = (await readdir(cloud)).filter((name) => /^requirements.*\.txt$/.test(name));
    const pins = names.map(async (name) => {
      const text = await readFile(new URL(name, cloud), 'utf8');
      return /^python-openstackclient==(.+)$/m.exec(text)?.[1];
    });
    const said = / client ([0-9., and]+)\. /.exec(runbook(manifestWith(backupPoint()), SHA256))?.[1];
    expect(said?.split(/, | and /).sort()).toEqual((await Promise.all(pins)).sort());
  });

  test('when the data of a volume was taken, which section has the newest, and which one a server needs', () => {
    const [first, second] = [backupPoint({ name: 'db' }), backupPoint({ name: 'db' })];
    const at = (point: typeof first, id: string, dataTimestamp: string) => ({
      ...point,
      resource: { ...point.resource, id },
      backup: { ...point.backup, dataTimestamp },
    });
    const [id, other] = [randomUUID(), randomUUID()];
    const older = at(first, id, '2026-11-25T18:49:59Z');
    const points = [
      older,
      at(second, id, '2026-11-26T18:50:00Z'),
      at(backupPoint({ name: 'log' }), other, '2026-11-26T18:51:00Z'),
    ];
    const told = (...all: RestorePoint[]) =>
      runbook(manifestWith(...all), SHA256).match(/^Its data was taken .*$/gm);
    expect(told(...points)).toEqual([
      'Its data was taken at 2026-11-25 18:49 UTC. Of the 2 sections of this volume, section 2 has the newest data.',
      'Its data was taken at 2026-11-26 18:50 UTC. Of the 2 sections of this volume, this one has the newest data.',
      'Its data was taken at 2026-11-26 18:51 UTC.',
    ]);
    const shop = () => serverPoint({ disks: [savedDisk({ volume: id, point: older.id })] });
    const needed = [shop(), shop()];
    expect(told(...points, shop())?.[0]).toMatch(
      /section 2 has the newest data\. The server of section 4 needs this one\.$/,
    );
    expect(told(...points, ...needed)?.[0]).toMatch(/ The servers of sections 4, 5 need this one\.$/);
    expect(told(...points, ...needed)?.[1]).not.toMatch(/ need/);
  });

  test.each([
    ['many volumes', () => randomUUID()],
    ['one volume', () => '11111111-2222-4333-8444-555555555555'],
  ])('how long it takes grows with the restore points alone, of %s', (_, idOf) => {
    const points = Array.from({ length: 16_000 }, () => {
      const point = backupPoint();
      return { ...point, resource: { ...point.resource, id: idOf() } };
    });
    const book = new Book(manifestWith(...points));
    const work = (size: number) => {
      const some = points.slice(0, size);
      expect(some.flatMap(dataTimes(some, book))).toHaveLength(size);
    };
    expect(growth(work, 1000)).toBeLessThan(LINEAR);
  });

  test('a volume from its Cinder backup: the very type, the size of the backup, seen to be what it was', () => {
    const point = backupPoint({ name: 'db', size: 3, bootable: true, metadata: { a: 'b' } });
    const commands = section(manifestWith(point), 1);
    expect(commands).toContain(
      `openstack volume create --size=1 --type=11111111-1111-4111-8111-111111111111 --availability-zone=nova`,
    );
    expect(commands).toContain(`openstack volume backup restore --force ${point.backup.id} "$VOLUME_1"`);
    expect(commands.replaceAll(/ \\\n +/g, ' ')).toMatch(
      new RegExp(
        `check "\\$\\(openstack volume show -f value -c properties .* grep -c .*${point.backup.id}.*" 1$`,
        'm',
      ),
    );
    expect(commands).toContain(
      'openstack volume set --no-property --property=a=b --name=db --bootable "$VOLUME_1"',
    );
    expect(commands).toMatch(/check .*volume show -f value -c encrypted.* False/);
  });

  test('of an encrypted one, that no saved key helps', () => {
    const key = secretPoint();
    const text = runbook(manifestWith(key, backupPoint({}, encryptedWith(key))), SHA256);
    expect(text).toContain('a saved key cannot replace it');
    expect(text).not.toContain('Unlock it outside OpenStack');
  });

  test('an increment needs its chain', () => {
    const full = backupPoint();
    const point = { ...full, chain: { ...full.chain, position: 2 } };
    expect(runbook(manifestWith(point), SHA256)).toContain('increment 2 of its chain');
  });

  test('an encrypted volume from its payload: the key first, a volume with room for the header, and unlocked by hand', () => {
    const key = secretPoint();
    const volume = volumeImagePoint({ name: 'db' }, encryptedWith(key));
    const point = { ...volume, image: { ...volume.image, size: (1 << 30) + (2 << 20) } };
    const manifest = manifestWith(key, point);
    expect(section(manifest, 1)).toContain(
      `age -d -i "$IDENTITY" "$STORE/${key.payload.name}" | openstack secret store`,
    );
    const commands = section(manifest, 2).replaceAll(' \\\n  ', ' ');
    expect(commands).toContain(`sha256sum --check - <<< '${'b'.repeat(64)}  ${volume.payload?.name}'`);
    expect(commands).toContain(`| zstd -dc | sha256sum)" '${'a'.repeat(64)}  -'`);
    expect(commands).toContain('--property=cinder_encryption_key_id="$SECRET_1"');
    expect(commands).not.toContain('deletion_policy');
    expect(commands).toContain('openstack volume create --size=2 --image="$IMAGE_2"');
    expect(commands).toMatch(/od -An -v -tx1 \| tr -d ' \\n' \| cryptsetup open --test-passphrase/);
    expect(commands.indexOf('openstack image delete')).toBeGreaterThan(commands.indexOf('--name=db'));
  });

  test('where the payloads went, as far as it is known', () => {
    const image = imagePoint();
    const at = (place: string) => manifestWith({ ...image, payload: { ...image.payload, place } });
    expect(runbook(manifestWith(image), SHA256)).toContain(':-openstack-backups/payloads}');
    expect(runbook(at('/mnt/backups'), SHA256)).toContain(':-/mnt/backups}');
    const hostile = "/mnt/it's } `id` $(id)";
    const line = runbook(at(hostile), SHA256)
      .split('\n')
      .find((one) => one.startsWith('STORE='));
    const { stdout } = spawnSync('bash', ['-c', `unset STORE; ${line}; printf %s "$STORE"`], {
      encoding: 'utf8',
    });
    expect(stdout).toBe(hostile);
  });

  test('a volume from the image that stays: nothing is uploaded or deleted; its key is in the cloud', () => {
    const point = volumeImagePoint({}, encryptedWith(undefined), null);
    const commands = section(manifestWith(point), 1);
    expect(commands).toContain(`--image=${point.image.id}`);
    expect(commands).not.toMatch(/image (create|delete)/);
    expect(commands).toContain(`barbican secrets/${point.image.keyId}/payload | od`);
  });

  test('an image: what Glance takes of its properties, what becomes of its key last', () => {
    const key = secretPoint();
    const commands = section(
      manifestWith(
        key,
        imagePoint({
          diskFormat: 'qcow2',
          protected: true,
          hidden: true,
          tags: ['a', 'b'],
          members: [{ project: 'p1', status: 'accepted' }],
          visibility: 'shared',
          properties: { os_distro: 'debian', cinder_encryption_key_id: key.resource.id, owner_id: 'x' },
          encryption: { deletionPolicy: 'on_image_deletion', key: keyOf(key) },
        }),
      ),
      2,
    );
    expect(commands).toContain('--disk-format=qcow2 --container-format=bare');
    expect(commands).toContain(
      'openstack image set --property=os_distro=debian --tag=a --tag=b --shared --hidden "$IMAGE_2"',
    );
    expect(commands).toContain('openstack image add project "$IMAGE_2" p1');
    expect(commands).not.toContain(key.resource.id);
    expect(commands.indexOf('on_image_deletion')).toBeGreaterThan(commands.indexOf('add project'));
  });

  test('an image that was converted: as raw, and what it was', () => {
    const converted = { diskFormat: 'qcow2', size: 999, checksum: null, hash: null };
    const manifest = manifestWith(imagePoint({ converted }));
    expect(section(manifest, 1)).toContain('--disk-format=raw');
    expect(runbook(manifest, SHA256)).toContain('The cloud had converted it: it was qcow2, 999 bytes.');
  });

  test('a text is stored in two steps, and who may read it is set', () => {
    const commands = section(
      manifestWith(
        secretPoint({
          secretType: 'passphrase',
          contentType: 'text/plain',
          acl: { projectAccess: false, users: ['u1'] },
          metadata: { k: 'v' },
        }),
      ),
      1,
    );
    expect(commands).not.toContain('openstack secret store');
    expect(commands).toContain(`--request PUT --header 'Content-Type: text/plain' --data-binary @-`);
    expect(commands).toContain('openstack acl submit --no-project-access --user=u1');
    expect(commands).toContain(`'{"metadata":{"k":"v"}}'`);
  });

  test('a server: its disks in order, its ports where they still are, and what was not saved', () => {
    const root = backupPoint({ name: 'root', bootable: true });
    const data = backupPoint({ name: 'data' });
    const port = savedPort();
    const manifest = manifestWith(
      root,
      data,
      serverPoint({
        name: 'web',
        disks: [
          savedDisk({ point: root.id, bootIndex: 0, deleteOnTermination: true }),
          savedDisk({ point: data.id, device: '/dev/vdb', tag: 'logs' }),
        ],
        ports: [port],
        securityGroups: ['default'],
        hostname: null,
        tags: [],
      }),
    );
    const commands = section(manifest, 3).replaceAll(' \\\n  ', ' ');
    expect(commands).toContain(
      '--block-device=uuid="$VOLUME_1",source_type=volume,destination_type=volume,boot_index=0,delete_on_termination=true ' +
        '--block-device=uuid="$VOLUME_2",source_type=volume,destination_type=volume,boot_index=-1,delete_on_termination=false,tag=logs',
    );
    const [lookUp, choose] = commands.split('\n').filter((line) => /^(PROJECT|NIC_3_1)=/.test(line));
    const chosen = (owner: string) =>
      execFileSync('bash', ['-euc', `${lookUp}\n${choose}\necho "$NIC_3_1"`], {
        env: {
          ...process.env,
          'BASH_FUNC_openstack%%': `() { case "$*" in token*) echo ours ;; network*) echo ${owner} ;; *) return 1 ;; esac; }`,
        },
        encoding: 'utf8',
      });
    expect(chosen('ours')).toBe(`net-id=${port.network.id},v4-fixed-ip=192.0.2.7\n`);
    // Neutron lets nobody else choose an address.
    expect(chosen('theirs')).toBe(`net-id=${port.network.id}\n`);
    expect(choose).toContain(`&& echo port-id=${port.id} ||`);
    expect(commands).toContain('--nic="$NIC_3_1" --security-group=default');
    expect(commands).toContain('openstack --os-compute-api-version=2.42 server create --flavor=m1');
    expect(runbook(manifest, SHA256)).toContain('- the administrator password of the guest');
  });

  test.each([1, 2])(
    'floating IPs of a server with %d port(s) are given back where they can be had',
    (count) => {
      const root = backupPoint({ name: 'root', bootable: true });
      const ports = [savedPort({ floatingIps: ['203.0.113.9'] }), savedPort()].slice(0, count);
      const manifest = manifestWith(
        root,
        serverPoint({ disks: [savedDisk({ point: root.id, bootIndex: 0 })], ports }),
      );
      const which = count === 1 ? '' : '--fixed-ip-address=192.0.2.7 ';
      expect(section(manifest, 2).replaceAll(' \\\n  ', ' ').split('\n')).toContain(
        `openstack server add floating ip ${which}-- "$SERVER_2" 203.0.113.9 || echo 'floating IP 203.0.113.9 could not be added' >&2`,
      );
    },
  );

  test('no port of a server lets in more than it did: all begin with what they had in common, and get their own', () => {
    const root = backupPoint({ name: 'root', bootable: true });
    const group = (name: string) => ({ id: randomUUID(), name });
    const [ssh, web, db] = [group('ssh'), group('web'), group('db')];
    const ports = [
      savedPort({ securityGroups: [ssh, web] }),
      savedPort({ securityGroups: [db, ssh], fixedIps: [] }),
      savedPort({ portSecurity: false }),
    ];
    const disks = [savedDisk({ point: root.id, bootIndex: 0 })];
    const of = (...which: SavedPort[]) =>
      section(
        manifestWith(root, serverPoint({ disks, ports: which, securityGroups: ['ssh', 'web', 'db'] })),
        2,
      )
        .replaceAll(' \\\n  ', ' ')
        .split('\n')
        .filter((line) => /port (list|set)|security-group/.test(line));
    expect(of(...ports)).toEqual([
      expect.stringContaining('--nic="$NIC_2_3" --security-group=ssh --'),
      `  PORT=$(openstack port list -f value -c ID --server="$SERVER_2" --network=${ports[0]?.network.id} --fixed-ip=ip-address=192.0.2.7)`,
      '  openstack port set --no-security-group --security-group=ssh --security-group=web "$PORT"',
      `  PORT=$(openstack port list -f value -c ID --server="$SERVER_2" --network=${ports[0]?.network.id})`,
      '  openstack port set --no-security-group --security-group=db --security-group=ssh "$PORT"',
    ]);
    expect(of(savedPort({ securityGroups: [ssh, web] }), savedPort({ securityGroups: [web, ssh] }))).toEqual([
      expect.stringContaining('--security-group=ssh --security-group=web --security-group=db'),
    ]);
  });

  test('an image-backed server boots from its image, which stayed in the cloud', () => {
    const root = keptImagePoint();
    const manifest = manifestWith(
      root,
      serverPoint({ disks: [savedDisk({ point: root.id, volume: null, bootIndex: 0 })] }),
    );
    expect(section(manifest, 1)).toContain(`IMAGE_1=${root.resource.id}`);
    expect(section(manifest, 2)).toContain('--image="$IMAGE_1" --nic=none');
  });
});

const HOSTILE = [
  "it's",
  '-rf --help',
  '$(touch taken)',
  '`touch taken`',
  'a\n```\ntouch taken\n```bash\ntouch taken',
  "'; touch taken; '",
  '"; touch taken; "',
  'a\\',
  "a\\' \n$(touch taken)",
  '\u202etouch taken\u202c\u200b\ufeff',
  '~~~\n<b>@all</b> | # ## 7. x',
  '*[a](b)* {x,y} ~ ? ! %s \\x41 $HOME',
  'ü\u00a0日本\u{1f600}\u200d',
  '=',
  '\t \u0001\u007f\u0085',
];

/** Every kind, and all of its text from outside is the name. */
function hostileManifest(name: string): Manifest {
  const key = secretPoint({
    name,
    algorithm: name,
    mode: name,
    metadata: { [name]: name },
    usedBy: [{ kind: 'volume', id: backupPoint().id, name }],
  });
  const text = secretPoint({ name, contentType: 'text/plain', metadata: { [name]: name } });
  const fields = {
    name,
    description: name,
    availabilityZone: name,
    metadata: { 'a key': name },
    imageMetadata: { [`b${name}`]: name },
    volumeType: name,
    attachments: [],
  };
  const volume = backupPoint(fields);
  const sealed = volumeImagePoint(fields, encryptedWith(key));
  const kept = keptImagePoint({ name });
  const manifest = manifestWith(
    key,
    text,
    volume,
    sealed,
    volumeImagePoint(fields, null, null),
    imagePoint({ name, diskFormat: name, tags: [name], properties: { [`c${name}`]: name } }),
    kept,
    serverPoint({
      name,
      description: name,
      disks: [
        savedDisk({ point: kept.id, volume: null, bootIndex: 0, device: name }),
        savedDisk({ point: volume.id, tag: name, device: name }),
        savedDisk({ point: sealed.id }),
      ],
      ports: [
        savedPort({
          fixedIps: [{ address: name, subnet: null }],
          floatingIps: [name],
          securityGroups: [{ id: backupPoint().id, name }],
        }),
        savedPort(),
      ],
      securityGroups: [name],
      keyPair: { name, publicKey: name, type: 'ssh' },
      metadata: { 'd key': name },
      tags: [name],
      availabilityZone: name,
      hostname: name,
      serverGroup: { id: backupPoint().id, name, policy: name },
    }),
  );
  return {
    ...manifest,
    run: { ...manifest.run, tool: name },
    cloud: { ...manifest.cloud, authUrl: name, project: { ...manifest.cloud.project, name } },
  };
}

/** Each tool takes down its words (a process of a pipe in a file of its own), reads what it is given, and prints what is needed to go on. */
const TOOLS = ['openstack', 'age', 'zstd', 'sha256sum', 'curl', 'cryptsetup'];
const STUBS = TOOLS.map(
  (tool) => `${tool}() {
  printf '%s\\0' ${tool} "$@" @end >> "$RECORD/$BASHPID"
  while read -r; do :; done
  case "${tool} $*" in
    *'catalog show'*) printf '[{"interface": "public", "region_id": "R", "url": "http://keys.example"}]' ;;
    *secret*) echo '{"secret_ref": "http://keys.example/v1/secrets/00000000-0000-4000-8000-000000000001"}' ;;
    *'port show'*) return 1 ;;
    *'-c status'* | *'-c id'* | *'-c ID'* | *keypair*) echo 00000000-0000-4000-8000-000000000002 ;;
  esac
}`,
).join('\n');
/** Verdicts that the stubs cannot satisfy. */
const CONTENT = 'check() { :; }\nuntil_is() { shift; "$@" > /dev/null; }';

describe('hostile names', () => {
  let directory: string;
  let tame: string[][];
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'runbook-'));
    for (const tool of [...TOOLS, 'identity']) await writeFile(join(directory, tool), '', { mode: 0o755 });
    tame = await recorded(hostileManifest('tame'));
  });
  afterAll(() => rm(directory, { recursive: true }));

  /** The words of all that was run. */
  async function recorded(manifest: Manifest): Promise<string[][]> {
    const record = join(directory, 'record');
    await rm(record, { recursive: true, force: true });
    await mkdir(record);
    const all = manifest.restorePoints.map((_point, index) => index + 1);
    const ran = await runBlocks(runbook(manifest, SHA256), all, {
      directory,
      environment: {
        PATH: `${directory}:${process.env['PATH']}`,
        RECORD: record,
        STORE: directory,
        WORK: directory,
        IDENTITY: join(directory, 'identity'),
      },
      before: STUBS,
      between: CONTENT,
    });
    expect([ran.code, ran.stderr]).toEqual([0, '']);
    const files = (await readdir(record)).map((name) => readFile(join(record, name), 'utf8'));
    return (await Promise.all(files))
      .join('')
      .split('@end\0')
      .filter((line) => line !== '')
      .map((line) => line.split('\0').slice(0, -1));
  }

  /** What was run, whatever it was told; tools of one pipe start in any order. */
  const verbs = (all: readonly string[][]) =>
    all.map((words) => words.filter((word) => /^[a-z]+$/.test(word) && word !== 'tame').join(' ')).sort();

  test.each(HOSTILE)(
    '%j is data in every block',
    async (name) => {
      const manifest = hostileManifest(name);
      for (const { commands } of blocksOf(runbook(manifest, SHA256)))
        execFileSync('bash', ['-n'], { input: commands });
      const words = await recorded(manifest);
      expect(await readdir(directory)).not.toContain('taken');
      expect(verbs(words)).toEqual(verbs(tame));
      const given = (start: string, ...wanted: string[]) =>
        expect(words.filter((line) => line.join(' ').includes(start))).toContainEqual(
          expect.arrayContaining(wanted),
        );
      given('volume create', `--availability-zone=${name}`);
      given('volume set', `--property=a key=${name}`, `--name=${name}`, `--description=${name}`);
      given('image set', `--tag=${name}`);
      given('image set', `--name=${name}`);
      given('secret store', `--name=${name}`, `--algorithm=${name}`, `--mode=${name}`);
      given('curl', JSON.stringify({ metadata: { [name]: name } }));
      given('keypair show', '--', name);
      given('port list', `--fixed-ip=ip-address=${name}`);
      given('port set', `--security-group=${name}`);
      given('server create', `--property=d key=${name}`, `--tag=${name}`, `--key-name=${name}`, '--', name);
    },
    30_000,
  );

  test.each(HOSTILE)('%j is no Markdown', (name) => {
    const text = runbook(hostileManifest(name), SHA256);
    const tame = runbook(hostileManifest('tame'), SHA256);
    const structure = (of: string) => of.split('\n').filter((line) => /^ {0,3}(#|`|~|>|[-*] )/.test(line));
    const kind = (line: string) => line.slice(0, 5);
    expect(structure(text).map(kind)).toEqual(structure(tame).map(kind));
    for (const { commands } of blocksOf(text))
      expect(commands.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });
});
