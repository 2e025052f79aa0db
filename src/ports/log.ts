/** Where the client reports what it does. Lines carry names from the cloud: the sink escapes them. */
export interface Log {
  debug(line: string): void;
  info(line: string): void;
  warn(line: string): void;
}

export const silentLog: Log = { debug() {}, info() {}, warn() {} };
