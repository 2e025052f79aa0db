/** What somebody gave for a clouds.yaml, and what to do with it instead. */
export function looksLike(text: string): { readonly what: string; readonly hint: string } | undefined {
  const given = text.trim();
  if (given === '') return undefined;
  if (/^[\w+/=\s-]+$/.test(given) && /^\s*["']?clouds["']?\s*:/m.test(decoded(given)))
    return {
      what: 'is base64, not a clouds.yaml',
      hint: 'Give the text itself: a secret keeps its line breaks (base64 -d).',
    };
  if (/^[ \t]*(?:export[ \t]+)?OS_[A-Z0-9_]+=/m.test(given))
    return {
      what: 'is an openrc, not a clouds.yaml',
      hint: 'Set its OS_* variables in the environment instead, or write a clouds.yaml with the same values.',
    };
  if (!given.includes('\n') && /^(?:~|\.{0,2}\/|[A-Za-z]:\\)?[^\s:{}]*\.(?:ya?ml|json)$/.test(given))
    return {
      what: 'is the path of a file, not the text of a clouds.yaml',
      hint: 'Give the text of the file, or its path as the variable OS_CLIENT_CONFIG_FILE.',
    };
  return undefined;
}

function decoded(text: string): string {
  return Buffer.from(text.replace(/\s/g, ''), 'base64').toString('utf8');
}
