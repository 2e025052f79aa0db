import Type from 'typebox';
import { Bytes, closed, Sha256 } from './words.ts';

/**
 * Bytes that left the cloud. `layout` tells how the store holds them; another layout would be another member of a
 * union.
 */
export const Payload = Type.Object(
  {
    layout: Type.Literal('file', {
      description: 'How they lie in the store: as one file, found by its name.',
    }),
    place: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 4096,
        description: 'Where it was put: the directory of the input `store`, as an absolute path.',
      }),
    ),
    name: Type.String({ pattern: '^[0-9a-z][0-9a-z._-]{0,127}$', description: 'Its name in the store.' }),
    size: Type.Integer({ ...Bytes, description: 'Bytes, unpacked.' }),
    sha256: Type.String({ ...Sha256, description: 'SHA-256 of the unpacked bytes, lower-case hex.' }),
    stored: Type.Object(
      { size: Bytes, sha256: Sha256 },
      { ...closed, description: 'The same of the bytes as they lie in the store.' },
    ),
    compression: Type.Union([Type.Literal('none'), Type.Literal('zstd')]),
    sealed: Type.Boolean({ description: 'Inside an age file, after any compression.' }),
  },
  closed,
);

export type Payload = Type.Static<typeof Payload>;
