import { expect, test } from '@jest/globals';
import { hereOf } from '../../../../src/host/github/environment.ts';
import { runPage } from '../../../../src/run/report/run-page.ts';

const RUN = { GITHUB_REPOSITORY: 'acme/infra', GITHUB_RUN_ID: '7' };

test.each<[string, Record<string, string>, string]>([
  ['without a server', {}, 'https://github.com'],
  ['with an empty one', { GITHUB_SERVER_URL: '' }, 'https://github.com'],
  ['on another server', { GITHUB_SERVER_URL: 'https://git.example.org' }, 'https://git.example.org'],
])('the page of a run %s', (_, more, server) => {
  const environment = { ...RUN, ...more };
  expect(runPage({ environment }, hereOf(environment))).toBe(`${server}/acme/infra/actions/runs/7`);
});
