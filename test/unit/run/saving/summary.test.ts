import { spawnSync } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';
import type { Manifest } from '../../../../src/manifest/schema.ts';
import type { Reach } from '../../../../src/run/places/reach.ts';
import { wayBack, waysBack } from '../../../../src/run/places/ways-back.ts';
import { savingSummary } from '../../../../src/run/saving/summary.ts';
import { backupPoint, imagePoint, manifestWith, secretPoint, serverPoint } from '../../../support/points.ts';

const published = (path: string) => ({ path, sha256: 'a'.repeat(64) });
const reach: Reach = { named: new Map(), others: {}, cloud: undefined };
const ways = (manifest: Manifest, path: string, more = {}) =>
  waysBack(manifest, published(path), { repository: 'o/r', signed: true, sealed: false, reach, ...more });
const db = backupPoint({ name: 'db' });
const web = backupPoint({ name: 'x y `id`' });

describe('the summary of a backup', () => {
  const text = savingSummary(
    manifestWith(db),
    [],
    [published('artifact:7/m')],
    ways(manifestWith(db), 'artifact:7/m'),
  );

  test('names project, region, cloud and time', () => {
    expect(text).toContain(
      `Project **demo** (${'p'.repeat(32)}), region R, cloud https&#58;//c.example/v3. Started 2026-11-23 00:00 UTC, took 10 min.`,
    );
  });

  test('has the commands for a terminal in a block that can be copied', () => {
    expect(text).toContain(`\`\`\`sh\n${ways(manifestWith(db), 'artifact:7/m').join('\n')}\n\`\`\``);
  });

  test('says so where the run was cut short, and has no command where nothing was saved', () => {
    const none = manifestWith();
    none.run.finished = null;
    expect(ways(none, 'artifact:7/m')).toEqual([]);
    const cut = savingSummary(none, [], [published('m')], []);
    expect(cut).toContain('UTC, cut short.');
    expect(cut).not.toContain('```');
  });
});

describe('the commands that bring back what was saved', () => {
  test('fetch an artifact or a release first, and take a directory as it is', () => {
    const restore = (place: string) =>
      `npx openstack-backup restore-volume --manifest ${place} --verify-key verify.pem # db`;
    expect(ways(manifestWith(db), 'artifact:7/m')).toEqual([
      'gh run download 7 --repo o/r --name m --dir manifest',
      restore('manifest'),
    ]);
    expect(ways(manifestWith(db), 'release:openstack-backup/x')).toEqual([
      'gh release download openstack-backup/x --repo o/r --dir manifest',
      restore('manifest'),
    ]);
    expect(ways(manifestWith(db), '/mnt/my backups/m.json')).toEqual([restore("'/mnt/my backups/m.json'")]);
  });

  test('name each of several by its id, and no name that is no plain word', () => {
    expect(ways(manifestWith(db, web), '/m', { signed: false })).toEqual([
      `npx openstack-backup restore-volume --manifest /m --volume ${db.resource.id} --allow-unsigned # db`,
      `npx openstack-backup restore-volume --manifest /m --volume ${web.resource.id} --allow-unsigned`,
    ]);
  });

  test('bring a server back whole, and its key and place with it', () => {
    const image = imagePoint();
    const payload = { ...image.payload, place: "/mnt/it's" };
    const [line, ...more] = ways(manifestWith(serverPoint(), { ...image, payload }, secretPoint()), '/m', {
      sealed: true,
    });
    expect(more).toEqual([]);
    expect(line).toContain('restore-server --manifest /m --store ');
    expect(line).toContain(' --identity file:identity.txt --verify-key verify.pem');
    const { stdout } = spawnSync('bash', ['-c', `npx() { printf '%s\\n' "$@"; }; ${line}`], {
      encoding: 'utf8',
    });
    expect(stdout.split('\n')).toContain("directory:/mnt/it's");
  });

  test('name a store by its own words, and how to reach it', () => {
    const image = imagePoint();
    const at = (place: string) => ({ ...image, payload: { ...image.payload, place, sealed: false } });
    const more = { reach: { named: new Map(), others: { endpoint: 'https://s3.example.com' }, cloud: 'b' } };
    const line = (place: string, path: string) => ways(manifestWith(at(place)), path, more).join();
    expect(line('s3://a/b', 's3://a/b/manifests/20261123T012228Z-5f2c9a01')).toContain(
      "--manifest 's3://a/b/manifests/20261123T012228Z-5f2c9a01?endpoint=https://s3.example.com' --store 's3://a/b?endpoint=https://s3.example.com' --verify-key",
    );
    expect(line('swift://a', '/m')).toContain('--manifest /m --store swift://a --store-cloud b --verify-key');
    expect(line('/mnt', 'swift://a/manifests/20261123T012228Z-5f2c9a01')).toContain(
      ' --store directory:/mnt --verify-key',
    );
    expect(line("s3://a?endpoint=https://evil.example';id", '/m')).not.toMatch(/--store|evil/);
    // What has no data there needs its cloud for the manifest.
    const path = 'swift://a/manifests/20261123T012228Z-5f2c9a01';
    expect(ways(manifestWith(db), path, more).join()).toContain(
      `--manifest ${path} --store swift://a --store-cloud b`,
    );
    expect(ways(manifestWith(db), path).join()).not.toContain('--store');
  });

  test('ask for the identity where any data is sealed', () => {
    const image = imagePoint();
    const open = { ...image, payload: { ...image.payload, sealed: false } };
    const saved = { repository: undefined, signed: true, sealed: false, reach };
    const server = serverPoint();
    expect(wayBack(server, manifestWith(server, image), '/m', saved).join()).toContain('--identity');
    expect(wayBack(server, manifestWith(server, open), '/m', saved).join()).not.toContain('--identity');
  });
});
