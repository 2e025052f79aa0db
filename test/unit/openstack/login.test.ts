import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { PlainError } from '../../../src/errors.ts';
import { parseCloud } from '../../../src/openstack/config/parse.ts';
import { openHttp } from '../../../src/openstack/http.ts';
import { openSession } from '../../../src/openstack/session.ts';
import { silentLog } from '../../../src/ports/log.ts';
import { FakeClock } from '../../support/clock.ts';

/** How a login fails at a Keystone that answers so. */
async function refused(status: number, message: string, auth: object): Promise<PlainError> {
  const server = createServer((_request, response) =>
    response.writeHead(status).end(JSON.stringify({ error: { message } })),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const auth_url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v3`;
  const http = openHttp({ verify: true }, {});
  try {
    const config = parseCloud('c', { auth: { auth_url, ...auth } });
    await openSession(config, { http, clock: new FakeClock(), log: silentLog, secret: () => undefined });
  } catch (error) {
    if (error instanceof PlainError) return error;
    throw error;
  } finally {
    await http.close();
    server.close();
  }
  throw new Error('logged in');
}

const credential = { application_credential_id: 'acid', application_credential_secret: 'a secret' };
const password = { username: 'u', password: 'a secret', project_name: 'p' };

describe('a login that Keystone refuses', () => {
  test('of an application credential that was deleted', async () => {
    const error = await refused(404, 'Could not find Application Credential: acid.', credential);
    expect(error).toMatchObject({
      exitCode: 2,
      hint: 'Check the id and the secret, and whether the application credential has expired or was deleted (openstack application credential list).',
    });
  });

  test('at an address that is none of Keystone', async () => {
    const error = await refused(404, 'The resource could not be found.', credential);
    expect(error.hint).toContain('Check auth_url');
  });

  test.each([
    ['password', { ...password, password: 'a secret\n' }],
    ['username', { ...password, username: 'u\r\n' }],
    ['project_name', { ...password, project_name: 'p\n' }],
    ['application_credential_id', { ...credential, application_credential_id: 'acid\n' }],
    ['application_credential_secret', { ...credential, application_credential_secret: 'a secret\n' }],
  ])('for the line break at the end of %s', async (key, auth) => {
    const error = await refused(401, 'The request you have made requires authentication.', auth);
    expect(error.hint).toContain(`${key} ends with a line break: remove it.`);
    expect(`${error.message} ${error.hint}`).not.toContain('a secret');
  });

  test("does not end with the cloud's own full stop: the hint follows after one", async () => {
    const error = await refused(401, 'The request you have made requires authentication.', password);
    expect(error.message).toMatch(/requires authentication$/);
    const ellipsis = await refused(401, 'The request was cut short...', password);
    expect(ellipsis.message).toMatch(/cut short\.\.\.$/);
  });

  test('says nothing of spaces where there are none', async () => {
    const error = await refused(401, 'The request you have made requires authentication.', password);
    expect(error.hint).not.toContain('remove it');
  });
});
