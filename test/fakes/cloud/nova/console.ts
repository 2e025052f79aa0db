/**
 * A server's serial console. Servers run nothing here, but for one boot sector whose code is known: on a real Nova (2026.2,
 * QEMU) it writes the text behind its code to the serial port. Any other disk writes nothing, as was seen there too.
 */
import type { Core } from '../core.ts';
import { isObject, parseJson, type Reply } from '../http.ts';
import { openLuks1, passphraseOf } from '../luks.ts';
import type { Server } from '../state.ts';
import { mustBeMember, type NovaCall, refuse } from './call.ts';

/** Writes bytes to COM1 up to a zero, then halts. */
const WRITES_TO_SERIAL = Buffer.from(
  '31c08ed8fcbe207cac84c0741050bafd03eca82074fb58baf803eeebebf4ebfd',
  'hex',
);
const SECTOR = 512;

export function consoleOutput(core: Core, call: NovaCall, server: Server): Reply {
  const body = parseJson(call.raw);
  const asked = isObject(body) ? body['os-getConsoleOutput'] : undefined;
  if (!isObject(asked)) throw refuse(400, 'Invalid input for field/attribute os-getConsoleOutput.');
  mustBeMember(call, 'os_compute_api:os-console-output');
  if (server.status === 'BUILD') throw refuse(409, `Instance ${server.id} is not ready`);
  const { length } = asked;
  // A real one gives nothing for 0 and below.
  const lines = length === undefined || length === null ? Number.POSITIVE_INFINITY : Number(length);
  const all = written(core, server).split(/(?<=\n)/);
  return { status: 200, json: { output: lines > 0 ? all.slice(-lines).join('') : '' } };
}

function written(core: Core, server: Server): string {
  const sector = bootSector(core, server);
  if (sector === undefined || sector.readUInt16LE(SECTOR - 2) !== 0xaa55) return '';
  if (!sector.subarray(0, WRITES_TO_SERIAL.length).equals(WRITES_TO_SERIAL)) return '';
  const text = sector.subarray(WRITES_TO_SERIAL.length);
  return text.subarray(0, text.indexOf(0)).toString('latin1').replaceAll('\r\n', '\n');
}

function bootSector(core: Core, server: Server): Buffer | undefined {
  if (server.root !== null) return sectorOf(server.root.size, (size) => server.root?.read(0, size));
  const first = server.volumes.find(({ bootIndex }) => bootIndex === 0) ?? server.volumes[0];
  const volume = core.state.volumes.get(first?.volumeId ?? '');
  if (volume === undefined) return undefined;
  if (volume.encryptionKeyId === null) return sectorOf(volume.data.size, (size) => volume.data.read(0, size));
  const key = core.state.secrets.get(volume.encryptionKeyId)?.payload ?? null;
  const opened = key === null ? undefined : openLuks1(volume.data, passphraseOf(key));
  return opened?.readPlain(0, SECTOR);
}

function sectorOf(size: number, read: (size: number) => Buffer | undefined): Buffer | undefined {
  return size < SECTOR ? undefined : read(SECTOR);
}
