import { InputError } from '../errors.ts';
import { sealer } from '../keys/age.ts';
import { parseSelectors } from '../plan/select.ts';
import { parseDuration } from '../retention/duration.ts';
import { isZone } from '../retention/periods.ts';
import { parseTagList } from '../retention/tag-list.ts';
import { parsePlace, parseStore, shownPlace } from '../store/place-name.ts';
import { quoted } from '../text/escape.ts';
import type { Form } from './shape.ts';
import { secondsOf } from './span.ts';

/** Checks of texts in a plan. They never show a recipient, as it may be an identity by mistake. */
export const FORMS: Readonly<Record<string, Form>> = {
  duration: async (text) => refusal(() => parseDuration(text), `is ${quoted(text)}: `),
  rto: async (text) => refusal(() => secondsOf(text), `is ${quoted(text)}: `),
  tags: async (text) => refusal(() => parseTagList(text), `is ${quoted(text)}: `),
  selector: async (text) => {
    if (/^\s|\s$/.test(text)) return `is ${quoted(text)}: it begins or ends with a space`;
    const why = refusal(() => parseSelectors('volume', [text]), 'is wrong: ');
    if (why !== undefined) return why;
    return text.includes(',') && !/^(metadata|name):/.test(text)
      ? `is ${quoted(text)}: write several as a list, [${text}]`
      : undefined;
  },
  id: async (text) =>
    /^[\w-]{1,64}$/.test(text)
      ? undefined
      : `is ${quoted(text)}: give the id, as openstack token issue shows it`,
  point: async (text) =>
    /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text)
      ? undefined
      : `is ${quoted(text)}: give the id of a restore point, as list shows it`,
  zone: async (text) =>
    isZone(text)
      ? undefined
      : `is ${quoted(text)}: there is no such zone; write UTC, or one like Europe/Berlin`,
  date: async (text) =>
    isDay(text) ? undefined : `is ${quoted(text)}: there is no such day; write 2027-06-30`,
  publish: async (text) => {
    const place = parsePlace(text);
    if (place === undefined) return `is ${shownPlace(text)}: use artifact, release, store or directory:PATH`;
    return place.kind === 'store' && place.name !== undefined
      ? storeRefusal(place.name, 'publish')
      : undefined;
  },
  store: async (text) => storeRefusal(text),
  recipient: async (text) => {
    if (/^AGE-(SECRET-KEY|PLUGIN)-/i.test(text))
      return 'is an age identity, which opens everything: take it out of the file, and use a new pair from age-keygen';
    return sealer([text]).then(
      () => undefined,
      () => 'is not an age recipient, which starts with age1: age-keygen prints it as the public key',
    );
  },
};

/** What stands before an at sign, or behind a question mark, may be a key. */
function storeRefusal(text: string, input = 'store'): string | undefined {
  const before = /[@?#]|%40/.test(text) ? 'is wrong: ' : `is ${quoted(text)}: `;
  return refusal(() => parseStore(text, input), before)?.replace(
    /: (?:store|publish) "(?:[^"\\]|\\.)*": /,
    ': ',
  );
}

function refusal(parse: () => unknown, before: string): string | undefined {
  try {
    parse();
    return undefined;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const { message, hint = '' } = error;
    // The quoted value at the end was already said.
    const why = message.replace(/ ".*"$/s, '');
    return `${before}${why}; ${hint.charAt(0).toLowerCase()}${hint.slice(1).replace(/\.$/, '')}`;
  }
}

/** Refuses 31 February, which JavaScript reads as 3 March. */
function isDay(text: string): boolean {
  const time = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}
