/** Listing: which images a project sees, filters, order, pages. */
import type { Core } from '../core.ts';
import type { AuthedCall, Reply } from '../http.ts';
import type { Image } from '../state.ts';
import { imageRefusal } from './errors.ts';
import { showImage } from './find.ts';

function isListed(call: AuthedCall, image: Image): boolean {
  const { query } = call;
  const own = image.ownerId === call.projectId;
  const wanted = query.get('visibility');
  const shown =
    own || image.visibility === 'public' || (image.visibility === 'shared' && accepted(call, image));
  if (
    wanted === 'all'
      ? !shown && image.visibility !== 'community'
      : wanted === 'community'
        ? image.visibility !== wanted
        : !shown
  ) {
    return false;
  }
  if (wanted !== null && wanted !== 'all' && image.visibility !== wanted) return false;
  if (image.hidden !== (query.get('os_hidden') === 'true')) return false;
  if (query.getAll('tag').some((tag) => !image.tags.includes(tag))) return false;
  return [...query].every(([key, value]) => fits(image, key, value));
}

function accepted(call: AuthedCall, image: Image): boolean {
  return image.members.get(call.projectId)?.status === (call.query.get('member_status') ?? 'accepted');
}

const NO_FILTER = [
  'limit',
  'marker',
  'sort',
  'sort_key',
  'sort_dir',
  'tag',
  'visibility',
  'os_hidden',
  'member_status',
];

/** What stands before a colon is an operator there. */
const OPERATED = ['id', 'name', 'status', 'disk_format', 'container_format'];

function fits(image: Image, key: string, value: string): boolean {
  if (NO_FILTER.includes(key)) return true;
  const view = showImage(image);
  if (key === 'size_min') return (image.size ?? 0) >= Number(value);
  if (key === 'size_max') return (image.size ?? 0) <= Number(value);
  if (key === 'created_at' || key === 'updated_at') {
    return timeFits(value, key === 'created_at' ? image.createdAt : image.updatedAt);
  }
  if (OPERATED.includes(key) && value.includes(':')) {
    const [operator = '', ...rest] = value.split(':');
    if (operator === 'eq') return String(view[key]) === rest.join(':');
    if (operator !== 'in') throw imageRefusal(400, `Unable to filter by unknown operator '${operator}'.`);
  }
  if (value.startsWith('in:')) return quotedWords(value.slice(3)).includes(String(view[key]));
  // A filter by a name that Glance does not know is one by a custom property.
  return String(view[key]) === value;
}

/** a,"b,c" */
function quotedWords(list: string): string[] {
  return [...list.matchAll(/"([^"]*)"|([^",]+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? '');
}

function timeFits(filter: string, date: Date): boolean {
  const [operator = 'eq', ...rest] = filter.includes(':') ? filter.split(':') : ['eq'];
  const known = ['gt', 'gte', 'lt', 'lte', 'eq', 'neq'].includes(operator);
  const other = Math.floor(Date.parse(known ? rest.join(':') : filter) / 1000);
  const value = Math.floor(date.getTime() / 1000);
  if (operator === 'gt') return value > other;
  if (operator === 'gte') return value >= other;
  if (operator === 'lt') return value < other;
  if (operator === 'lte') return value <= other;
  return (value === other) !== (operator === 'neq');
}

function sortImages(call: AuthedCall, images: Image[]): Image[] {
  const [key = 'created_at', direction = 'desc'] = (
    call.query.get('sort') ??
    `${call.query.get('sort_key') ?? 'created_at'}:${call.query.get('sort_dir') ?? 'desc'}`
  )
    .split(',')[0]
    ?.split(':') ?? ['created_at', 'desc'];
  const sign = direction === 'asc' ? 1 : -1;
  const read = (image: Image): string | number => {
    if (key === 'created_at') return image.createdAt.getTime();
    if (key === 'updated_at') return image.updatedAt.getTime();
    if (key === 'size') return image.size ?? 0;
    return String(showImage(image)[key] ?? '');
  };
  return images.sort((a, b) => {
    const [left, right] = [read(a), read(b)];
    if (left !== right) return left < right ? -sign : sign;
    return a.id < b.id ? -sign : sign;
  });
}

export function list(core: Core, call: AuthedCall): Reply {
  const asked = call.query.get('limit');
  if (asked !== null && !/^-?\d+$/.test(asked)) throw imageRefusal(400, 'limit param must be an integer');
  // limit_param_default is 25: who does not follow `next` sees only these.
  const limit = Math.min(asked === null ? 25 : Number(asked), core.options.maxLimit);
  let rows = sortImages(
    call,
    [...core.state.images.values()].filter((image) => isListed(call, image)),
  );
  const marker = call.query.get('marker');
  if (marker !== null) {
    const index = rows.findIndex((image) => image.id === marker);
    if (index < 0) throw imageRefusal(400, `No image found with ID ${marker}`);
    rows = rows.slice(index + 1);
  }
  rows = rows.slice(0, limit);
  const link = (query: URLSearchParams): string => `/v2/images${query.size > 0 ? `?${query}` : ''}`;
  const first = new URLSearchParams(call.query);
  first.delete('marker');
  const last = rows.at(-1);
  const next = new URLSearchParams(call.query);
  if (last !== undefined) next.set('marker', last.id);
  return {
    status: 200,
    json: {
      images: rows.map(showImage),
      first: link(first),
      schema: '/v2/schemas/images',
      // A full page always has a next, be it empty.
      ...(last !== undefined && rows.length === limit ? { next: link(next) } : {}),
    },
  };
}
