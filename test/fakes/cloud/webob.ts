/** The page that webob makes of an error which no service dressed itself: HTML, JSON or text, as the client accepts. */

export interface ErrorPage {
  /** Null: the status's own words. */
  readonly explanation: string | null;
  readonly detail?: string;
}

const REASONS: Record<number, [title: string, words: string]> = {
  400: [
    'Bad Request',
    'The server could not comply with the request since it is either malformed or otherwise incorrect.',
  ],
  401: [
    'Unauthorized',
    'This server could not verify that you are authorized to access the document you requested.',
  ],
  403: ['Forbidden', 'Access was denied to this resource.'],
  404: ['Not Found', 'The resource could not be found.'],
  409: ['Conflict', 'There was a conflict when trying to complete your request.'],
  410: ['Gone', 'This resource is no longer available.  No forwarding address is given.'],
  413: ['Request Entity Too Large', 'The body of your request was too large for this server.'],
  415: [
    'Unsupported Media Type',
    'The request media type application/octet-stream is not supported by this server.',
  ],
  416: ['Request Range Not Satisfiable', 'The Range requested is not available.'],
  500: [
    'Internal Server Error',
    'The server has either erred or is incapable of performing the requested operation.',
  ],
  503: ['Service Unavailable', 'The server is currently unavailable. Please try again at a later time.'],
};

function escapeHtml(text: string): string {
  return text
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;')
    .replace(/'/g, '&#x27;');
}

/** webob.exc strip_tags. */
function plain(body: string): string {
  return body.replace(/\n/g, ' ').replace(/<br \/>/g, '\n');
}

export function renderPage(
  status: number,
  { explanation, detail = '' }: ErrorPage,
  accept: string | undefined,
): { type: string; bytes: Buffer } {
  const [title, words] = REASONS[status] ?? ['Error', ''];
  const head = `${status} ${title}`;
  const body = (escaped: (text: string) => string): string => {
    const [first, second] = [escaped(explanation ?? words), escaped(detail)];
    return status === 415 ? `${first}\n<br /><br />\n${second}` : `${first}<br /><br />\n${second}\n\n`;
  };
  const asIs = (text: string): string => text;
  if (accept?.includes('text/html') || accept?.includes('*/*')) {
    const html = `<html>\n <head>\n  <title>${head}</title>\n </head>\n <body>\n  <h1>${head}</h1>\n  ${body(escapeHtml)}\n </body>\n</html>`;
    return { type: 'text/html; charset=UTF-8', bytes: Buffer.from(html) };
  }
  if (accept?.includes('application/json')) {
    const json = { message: body(asIs), code: head, title };
    return { type: 'application/json', bytes: Buffer.from(JSON.stringify(json)) };
  }
  return { type: 'text/plain; charset=UTF-8', bytes: Buffer.from(`${head}\n\n${plain(body(asIs))}`) };
}
