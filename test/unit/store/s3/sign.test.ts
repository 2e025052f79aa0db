import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { amzDate, authorization, encoded, queryOf, sha256Of } from '../../../../src/store/s3/sign.ts';

interface Vector {
  readonly name: string;
  readonly request: string;
  readonly canonical: string;
  readonly signature: string;
  readonly token?: string;
  readonly signsBody?: boolean;
}

const SUITE = join(import.meta.dirname, '../../../fixtures/s3/signing.json');
const { vectors } = JSON.parse(readFileSync(SUITE, 'utf8')) as { vectors: Vector[] };

/** A request as the suite writes it: its path and query are not encoded yet. */
function parsed({ request, token, signsBody }: Vector) {
  const [head = '', body = ''] = request.split(/\n\n([\s\S]*)/);
  const [line = '', ...fields] = head.split('\n').filter((text) => text !== '');
  const [, method = '', target = ''] = /^(\S+) (.*) HTTP\/1\.1$/.exec(line) ?? [];
  const [path = '', query = ''] = target.split(/\?(.*)/);
  const headers: Record<string, string> = { 'x-amz-date': amzDate(Date.parse('2015-08-30T12:36:00Z')) };
  if (token !== undefined) headers['x-amz-security-token'] = token;
  const sha256 = sha256Of(body);
  if (signsBody === true) headers['x-amz-content-sha256'] = sha256;
  for (const text of fields) {
    const [name = '', value = ''] = text.split(/:(.*)/);
    const key = name.toLowerCase();
    headers[key] = headers[key] === undefined ? value : `${headers[key]},${value}`;
  }
  const pairs = query
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => pair.split(/=(.*)/).slice(0, 2).map(decodeURIComponent));
  return {
    method,
    path: path.split('/').map(decodeURIComponent).map(encoded).join('/'),
    query: queryOf(Object.fromEntries(pairs)),
    headers,
    sha256,
  };
}

describe('the signing test suite of AWS', () => {
  test.each(vectors.map((vector) => [vector.name, vector] as const))('%s', (_name, vector) => {
    const request = parsed(vector);
    const [, path, query] = vector.canonical.split('\n');
    expect([request.path, request.query]).toEqual([path, query]);
    const proof = authorization(
      request,
      { region: 'us-east-1', service: 'service' },
      { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' },
    );
    const signed = vector.canonical.split('\n').at(-2);
    expect(proof).toBe(
      `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=${signed}, Signature=${vector.signature}`,
    );
  });
});

/** https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html */
describe('the examples in the documentation of S3', () => {
  const EMPTY = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
  const WELCOME = '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072';
  test.each([
    [
      'GET of a part of an object',
      { method: 'GET', path: '/test.txt', query: {}, headers: { range: 'bytes=0-9' }, sha256: EMPTY },
      'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
    ],
    [
      'PUT of an object',
      {
        method: 'PUT',
        path: '/test%24file.text',
        query: {},
        headers: { date: 'Fri, 24 May 2013 00:00:00 GMT', 'x-amz-storage-class': 'REDUCED_REDUNDANCY' },
        sha256: WELCOME,
      },
      '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
    ],
    [
      'GET of a setting',
      { method: 'GET', path: '/', query: { lifecycle: '' }, headers: {}, sha256: EMPTY },
      'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
    ],
    [
      'GET of a list',
      { method: 'GET', path: '/', query: { prefix: 'J', 'max-keys': '2' }, headers: {}, sha256: EMPTY },
      '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
    ],
  ])('%s', (_name, { method, path, query, headers, sha256 }, signature) => {
    const proof = authorization(
      {
        method,
        path,
        query: queryOf(query),
        headers: {
          ...headers,
          host: 'examplebucket.s3.amazonaws.com',
          'x-amz-content-sha256': sha256,
          'x-amz-date': '20130524T000000Z',
        },
        sha256,
      },
      { region: 'us-east-1', service: 's3' },
      { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' },
    );
    expect(proof.slice(-64)).toBe(signature);
  });

  test('the body of the PUT is what is signed there', () =>
    expect(sha256Of('Welcome to Amazon S3.')).toBe(WELCOME));
});
