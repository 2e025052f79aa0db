import { expect, test } from '@jest/globals';
import { elements, field } from '../../../../src/store/s3/xml.ts';

test.each([
  ['<a>x</a>', 'x'],
  ['<b/><a></a>', ''],
  ['<a>&lt;&amp;amp;&#65;&#x42;&quot;&apos;&gt;</a>', `<&amp;AB"'>`],
  ['<a>&nbsp; &#x110000; &#99999999; &</a>', '&nbsp; &#x110000; &#99999999; &'],
  ['<a>x', undefined],
  ['</a><a>', undefined],
  ['', undefined],
])('the field of %j is %j', (xml, text) => expect(field(xml, 'a')).toBe(text));

test('elements of a name, each with what is in it', () =>
  expect(elements('<l><c><k>1</k></c> <c></c><c><k>3</k></c><c><k>cut', 'c')).toEqual([
    '<k>1</k>',
    '',
    '<k>3</k>',
    '',
  ]));

test('a hostile answer takes no longer than its length', () => {
  for (const text of ['<a>', '<', '&', '&#', '<a></b>', '&amp']) {
    const xml = `<a>${text.repeat(Math.floor(8_000_000 / text.length))}`;
    const began = performance.now();
    field(`${xml}</a>`, 'a');
    field(xml, 'k');
    elements(xml, 'a');
    expect(performance.now() - began).toBeLessThan(3000);
  }
});
