import Type from 'typebox';
import { Bytes, closed, Hex, Moment, Sha256 } from './words.ts';

/** What every layout has. */
const common = {
  place: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 4096,
      description: 'Where it was put, as the input `store` names it; a directory as an absolute path.',
    }),
  ),
  size: Type.Integer({ ...Bytes, description: 'Bytes, unpacked.' }),
  compression: Type.Union([Type.Literal('none'), Type.Literal('zstd')]),
};

export const FilePayload = Type.Object(
  {
    layout: Type.Literal('file', {
      description: 'How they lie in the store: as one file, found by its name.',
    }),
    ...common,
    name: Type.String({ pattern: '^[0-9a-z][0-9a-z._-]{0,127}$', description: 'Its name in the store.' }),
    sha256: Type.String({ ...Sha256, description: 'SHA-256 of the unpacked bytes, lower-case hex.' }),
    stored: Type.Object(
      { size: Bytes, sha256: Sha256 },
      { ...closed, description: 'The same of the bytes as they lie in the store.' },
    ),
    sealed: Type.Boolean({ description: 'Inside an age file, after any compression.' }),
  },
  closed,
);

export const BlocksPayload = Type.Object(
  {
    layout: Type.Literal('blocks', {
      description:
        'How they lie in the store: as objects of many blocks, found by a map; see docs/store-format.md.',
    }),
    ...common,
    name: Type.String({
      pattern: '^[0-9a-z][0-9a-z._-]{0,127}/maps/[0-9TZ]{16}-[0-9a-f-]{36}$',
      description: 'The name of its map in the store.',
    }),
    digest: Type.Object(
      {
        algorithm: Type.Union([Type.Literal('sha256'), Type.Literal('sha384'), Type.Literal('sha512')]),
        value: Hex,
      },
      { ...closed, description: 'Of the unpacked bytes, blocks of zeros included.' },
    ),
    stored: Type.Object(
      { size: Bytes, sha256: Sha256 },
      { ...closed, description: 'Of the map as it lies in the store.' },
    ),
    sealed: Type.Boolean({ description: 'Whether each object of blocks is an age file.' }),
    sent: Type.Integer({ ...Bytes, description: 'Bytes that the run sent to the store for it.' }),
    takenOver: Type.Integer({
      ...Bytes,
      description: 'Bytes of the disk that were in the store already, from earlier restore points.',
    }),
    kept: Type.Integer({ ...Bytes, description: 'Bytes of all objects in the store that it needs.' }),
    change: Type.Optional(
      Type.Object(
        {
          used: Type.Integer({
            ...Bytes,
            description: 'Bytes of the disk in blocks that hold more than zeros, or a few bytes repeated.',
          }),
          fresh: Type.Optional(
            Type.Integer({
              ...Bytes,
              description:
                'Those that the point before did not have; missing if there was none to compare with.',
            }),
          ),
          jump: Type.Optional(
            Type.Union([Type.Literal('rewritten'), Type.Literal('emptied')], {
              description:
                'Set if the disk changed as it never did before: it may have been encrypted (`rewritten`) or wiped (`emptied`).',
            }),
          ),
          packed: Type.Optional(
            Type.Integer({ ...Bytes, description: 'What the fresh ones take up compressed.' }),
          ),
          dense: Type.Optional(
            Type.Integer({ ...Bytes, description: 'The fresh ones that do not compress.' }),
          ),
          slowly: Type.Optional(
            Type.Object(
              {
                since: Type.Union([Moment, Type.Literal('')], {
                  description: 'When it had not begun; empty if nobody knows.',
                }),
                bytes: Type.Integer({ ...Bytes, description: 'About how many it was since then.' }),
              },
              { ...closed, description: 'Set if it changed so little by little, over several runs.' },
            ),
          ),
        },
        { ...closed, description: 'How the disk changed since the point before.' },
      ),
    ),
  },
  closed,
);

/** Bytes that left the cloud. `layout` tells how the store holds them. */
export const Payload = Type.Union([FilePayload, BlocksPayload]);

export type FilePayload = Type.Static<typeof FilePayload>;
export type BlocksPayload = Type.Static<typeof BlocksPayload>;
export type Payload = Type.Static<typeof Payload>;
