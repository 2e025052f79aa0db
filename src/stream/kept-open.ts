/** The synchronous part of a stream of node:zlib. Its result is overwritten by the next call. */
export type Converter = (bytes: Uint8Array) => Uint8Array;

/**
 * What is behind a stream of node:zlib, for use without the stream, one frame after the other. The functions for one
 * frame make all of it anew for each, and V8 frees these hundreds of KiB only with the whole heap; the stream's own
 * function would close it after the first. Node tells of these innards nowhere; npm's minizlib uses them in the same way.
 *
 * It uses nothing from outside itself: its text is part of the code of threads.
 *
 * @param flush of node:zlib
 * @returns undefined if the innards are others in this version of Node
 */
export function keptOpen(stream: object, flush: number): Converter | undefined {
  const inner = stream as {
    _handle?: { close?: () => void };
    _processChunk?: (bytes: Uint8Array, flush: number) => Uint8Array;
    removeAllListeners?: (event: 'error') => void;
  };
  const handle = inner._handle;
  if (typeof handle?.close !== 'function' || typeof inner._processChunk !== 'function') return undefined;
  handle.close = () => undefined;
  return (bytes) => {
    const converted = inner._processChunk?.(bytes, flush) ?? bytes;
    inner._handle = handle;
    inner.removeAllListeners?.('error');
    return converted;
  };
}
