/** What is served: bytes that nobody changes. */
export interface Device {
  /** Bytes. */
  readonly size: number;
  /** What people call it. */
  readonly description: string;
  /** @param length within the device */
  readAt(offset: number, length: number): Promise<Buffer>;
  /** Whether zeros that nobody stored lie at a byte, and up to which byte that holds at least. */
  extentAt(offset: number): { readonly hole: boolean; readonly end: number };
}
