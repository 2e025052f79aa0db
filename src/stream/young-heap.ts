import { setFlagsFromString } from 'node:v8';

/**
 * From now on the young heap of this process does not grow, and is collected before its buffers outside the heap are more
 * than a few MiB. A disk that flows by is garbage in buffers of 64 KiB, which the heap itself hardly sees: V8 would let 64
 * MiB come together and then collect the whole heap each time, which costs a fifth of the processor's time.
 */
export function keepYoungHeapSmall(): void {
  keepYoungHeap(1);
}

/**
 * The same for a disk that is read: its pieces are of 1 MiB, and some are on their way, so that after a few of them most
 * still live. What outlives that is collected at once: V8 would begin to mark the whole heap while other work goes on, for
 * each 64 MiB that flow by.
 */
export function keepReadersHeapSmall(): void {
  keepYoungHeap(4);
  setFlagsFromString('--no-incremental-marking');
}

/** @param buffers MiB outside the heap, about half of what they may be */
function keepYoungHeap(buffers: number): void {
  setFlagsFromString('--semi-space-growth-factor=1');
  // A flag that V8 does not know is an error that it prints.
  if (process.versions.v8.startsWith('13.6.'))
    setFlagsFromString(`--scavenger-max-new-space-capacity-mb=${buffers}`);
}
