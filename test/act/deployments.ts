import { deepStrictEqual, match, notStrictEqual, strictEqual } from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { chmod, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Volume } from '../fakes/cloud/index.ts';
import {
  deleteVolume,
  found,
  overwriteBytes,
  printedRestores,
  restoredVolume,
  SIZE,
  sameBytes,
} from './look.ts';
import { carryOut, step, succeeds, type Wish, type World } from './world.ts';

/** Deployments that go well, fail and are rolled back, and are not started. @param bytes of the volume "db" */
export async function deploymentStory(world: World, bytes: Buffer): Promise<void> {
  const { cloud, directory } = world;
  const db = [...cloud.state.volumes.values()].find(({ name }) => name === 'db') as Volume;
  const root = cloud.seed.addVolume({ name: 'root', bytes, bootable: true });
  const shop = cloud.seed.addServer({ name: 'app', volumes: [root] });
  const service = await startService();
  await writeFile(join(directory, 'repository/deploy.sh'), `#!/bin/sh\ncurl --fail ${service.url}/deploy\n`);
  await chmod(join(directory, 'repository/deploy.sh'), 0o755);
  const deploy = (volumes: string, servers: string): Wish => ({
    event: 'workflow_dispatch',
    example: 'pre-deployment.yml',
    inputs: { volumes, servers },
    variables: { HEALTH_URL: `${service.url}/health` },
  });

  await step('a deployment that works: everything is saved before it starts', async () => {
    const states = () => {
      const saved = [...cloud.state.backups.values()].filter(({ volumeId }) => volumeId === db.id);
      return saved.map(({ status }) => status);
    };
    const before = states();
    let then: string[] = [];
    service.deployment = () => {
      then = states();
    };
    const { log, run } = await succeeds(world, deploy('db', ''));
    deepStrictEqual([service.deployed, then], [1, [...before, 'available']]);
    match(log, new RegExp(`restore point: artifact:${run.id}/openstack-backup-\\S+`));
  });

  await step('one that fails its health check is rolled back by the words that it prints', async () => {
    service.deployment = () => {
      for (const { id } of [db, root]) overwriteBytes(world, id, randomBytes(SIZE));
      service.health = 404;
    };
    const { exit, log } = await carryOut(world, deploy(db.id, shop.id));
    notStrictEqual(exit, 0);
    // From the job that failed, by the names of its volume and its server.
    const words = printedRestores(log.slice(log.indexOf('Run Main Say how to go back')));
    const [fresh, over] = words.filter(({ inputs }) => inputs?.['volume'] === db.id);
    const server = words.find(({ inputs }) => inputs?.['server'] === shop.id);
    const { log: made } = await succeeds(world, fresh);
    notStrictEqual(restoredVolume(made), db.id);
    sameBytes(world, restoredVolume(made), bytes);
    await deleteVolume(world, restoredVolume(made));
    const { log: written } = await succeeds(world, over);
    strictEqual(restoredVolume(written), db.id);
    sameBytes(world, db.id, bytes);
    const { log: booted } = await succeeds(world, server);
    const again = cloud.state.servers.get(found(booted, /Server ([0-9a-f-]{36})/));
    notStrictEqual(again?.id, shop.id);
    sameBytes(world, again?.volumes[0]?.volumeId ?? '', bytes);
  });

  await step('a backup that fails stops the deployment', async () => {
    const { exit } = await carryOut(world, deploy('there-is-none', ''));
    notStrictEqual(exit, 0);
    strictEqual(service.deployed, 2);
  });
  await service.close();
  for (const id of [...cloud.state.servers.keys()]) cloud.state.servers.delete(id);
}

/** What is deployed to: tells of each deployment, and of its health. */
async function startService() {
  const service = {
    url: '',
    deployed: 0,
    health: 200,
    deployment: () => {},
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
  const server = createServer(({ url }, response) => {
    if (url === '/deploy') {
      service.deployed += 1;
      service.deployment();
    }
    response.writeHead(url === '/health' ? service.health : 200).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  service.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return service;
}
