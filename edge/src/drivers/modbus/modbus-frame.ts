import type { ModbusTcpAddress } from '@luban/contracts';

/** Bytes of Modbus/TCP: MBAP header (transaction, protocol 0, length, unit) and PDU. Knows nothing of points. */
export interface Frame {
  readonly transaction: number;
  readonly unit: number;
  readonly pdu: Buffer;
}

/** What arrived is no Modbus/TCP. */
export class FrameError extends Error {
  override readonly name = 'FrameError';
}

const headerBytes = 7;
const maxPduBytes = 253;
const readFunction = { coil: 1, discrete: 2, holding: 3, input: 4 } as const satisfies Record<
  ModbusTcpAddress['area'],
  number
>;
const writeCoil = 5;
const writeRegister = 6;
const writeRegisters = 16;

export function encodeFrame(transaction: number, unit: number, pdu: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(headerBytes + pdu.length);
  bytes.writeUInt16BE(transaction, 0);
  bytes.writeUInt16BE(0, 2);
  bytes.writeUInt16BE(pdu.length + 1, 4);
  bytes[6] = unit;
  pdu.copy(bytes, headerBytes);
  return bytes;
}

/** Cuts a byte stream into frames. Throws a FrameError as soon as a header cannot be one: nothing after it is believed. */
export function createFrameReader(): { push(bytes: Buffer): Frame[]; pendingBytes(): number } {
  let rest: Buffer = Buffer.alloc(0);
  return {
    push(bytes) {
      rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
      const frames: Frame[] = [];
      let at = 0;
      while (rest.length - at >= 6) {
        const protocol = rest.readUInt16BE(at + 2);
        if (protocol !== 0) throw new FrameError(`protocol id ${protocol} instead of 0`);
        const length = rest.readUInt16BE(at + 4);
        if (length < 3 || length > maxPduBytes + 1) throw new FrameError(`impossible frame length ${length}`);
        if (rest.length - at < 6 + length) break;
        frames.push({
          transaction: rest.readUInt16BE(at),
          unit: rest[at + 6]!,
          pdu: rest.subarray(at + headerBytes, at + 6 + length),
        });
        at += 6 + length;
      }
      rest = rest.subarray(at);
      return frames;
    },
    pendingBytes: () => rest.length,
  };
}

/** `address` and `count` in registers, or in bits for coils and discrete inputs. */
export function readRequest(area: ModbusTcpAddress['area'], address: number, count: number): Buffer {
  return fiveBytes(readFunction[area], address, count);
}

export function writeCoilRequest(address: number, on: boolean): Buffer {
  return fiveBytes(writeCoil, address, on ? 0xff00 : 0);
}

/** One register by function 6, which every device has, several by 16. `data` is two bytes a register. */
export function writeRegistersRequest(address: number, data: Buffer): Buffer {
  if (data.length === 2) return fiveBytes(writeRegister, address, data.readUInt16BE(0));
  return Buffer.concat([fiveBytes(writeRegisters, address, data.length / 2), Buffer.from([data.length]), data]);
}

export type Answer = { readonly ok: true; readonly data: Buffer } | { readonly ok: false; readonly exception: number };

/** The data of an answer to `request`, checked against it: function, byte count, echo. Throws a FrameError. */
export function parseAnswer(request: Buffer, answer: Buffer): Answer {
  const asked = request[0]!;
  if (answer[0] === (asked | 0x80)) {
    if (answer.length !== 2) throw new FrameError(`exception of ${answer.length} bytes`);
    return { ok: false, exception: answer[1]! };
  }
  if (answer[0] !== asked) throw new FrameError(`function ${answer[0]} instead of ${asked}`);
  if (asked > 4) {
    if (answer.length !== 5 || answer.compare(request, 0, 5) !== 0) throw new FrameError('a write is echoed wrongly');
    return { ok: true, data: answer.subarray(5) };
  }
  const count = request.readUInt16BE(3);
  const expected = asked <= 2 ? Math.ceil(count / 8) : count * 2;
  if (answer[1] !== expected || answer.length !== expected + 2)
    throw new FrameError(`${answer.length - 2} data bytes, ${answer[1]} announced, ${expected} asked`);
  return { ok: true, data: answer.subarray(2) };
}

function fiveBytes(code: number, first: number, second: number): Buffer {
  const pdu = Buffer.allocUnsafe(5);
  pdu[0] = code;
  pdu.writeUInt16BE(first, 1);
  pdu.writeUInt16BE(second, 3);
  return pdu;
}
