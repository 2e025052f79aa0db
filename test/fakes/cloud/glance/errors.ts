import { Refusal, type Reply } from '../http.ts';

/** Glance speaks webob's pages when something is wrong: with an explanation, or with a detail below the status's own words. */
export function imageError(status: number, explanation: string | null, detail = ''): Reply {
  return { status, page: { explanation, detail } };
}

export function imageRefusal(status: number, explanation: string | null, detail = ''): Refusal {
  return new Refusal(imageError(status, explanation, detail), explanation ?? detail);
}
