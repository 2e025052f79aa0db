import { describe, expect, test } from '@jest/globals';
import { InputError } from '../../../../src/errors.ts';
import { comparable, read, readAnswers, readCases } from '../../../configurations/table.ts';

const cases = await readCases();
const { answers } = await readAnswers();

test('each case has an answer of openstacksdk, and is one of three kinds', () => {
  expect(Object.keys(answers).sort()).toEqual(cases.map(({ name }) => name).sort());
  expect(cases.length).toBeGreaterThan(150);
  for (const { name, refused, kinder, ours } of cases)
    expect({ name, both: refused !== undefined && kinder !== undefined, ours: ours !== undefined }).toEqual({
      name,
      both: false,
      ours: kinder !== undefined,
    });
});

describe('read as openstacksdk reads it', () => {
  test.each(cases.filter(({ refused, kinder }) => refused === undefined && kinder === undefined))(
    '$name',
    async (each) => {
      expect(comparable(await read(each), each)).toEqual(comparable(answers[each.name] ?? {}, each));
    },
  );
});

describe('refused by name, before any request', () => {
  test.each(cases.filter(({ refused }) => refused !== undefined))('$name', async (each) => {
    const error: unknown = await read(each).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(InputError);
    const { message, hint, exitCode } = error as InputError;
    expect(`${message} ${hint}`).toContain(each.refused);
    expect(exitCode).toBe(2);
  });
});

describe('read although openstacksdk fails', () => {
  test.each(cases.filter(({ kinder }) => kinder !== undefined))('$name: $kinder', async (each) => {
    expect(await read(each)).toMatchObject(each.ours ?? {});
  });
});
