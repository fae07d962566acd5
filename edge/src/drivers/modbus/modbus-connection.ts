import type { ModbusTcpSettings } from '@luban/contracts';
import { closedByDevice, type DeviceFault, noAnswer, protocolFault, stopped, tcpFault } from '../device-fault.ts';
import { openTcp } from '../tcp.ts';
import { type Answer, createFrameReader, encodeFrame, type Frame, FrameError, parseAnswer } from './modbus-frame.ts';

/**
 * One TCP connection to one unit, one request at a time. Any fault ends it: after a silence, a wrong transaction id or a
 * malformed frame nothing that still arrives can be told from an answer to an older question, so a new connection is
 * the only clean start.
 */
export interface ModbusConnection {
  /** Asks and waits for the answer, after those who asked before. Rejects with a DeviceFault. */
  request(pdu: Buffer): Promise<Answer>;
  /** Runs several requests with none of others in between. */
  alone<T>(work: (request: (pdu: Buffer) => Promise<Answer>) => Promise<T>): Promise<T>;
  /** Why it ended; null while it lives. */
  fault(): DeviceFault | null;
  /** Aborts when it ends. */
  readonly ended: AbortSignal;
  /** Kept when the socket is gone. */
  readonly closed: Promise<void>;
  close(): void;
}

type Settings = Pick<ModbusTcpSettings, 'host' | 'port' | 'unitId' | 'timeoutMs'>;
interface Waiting {
  readonly transaction: number;
  readonly pdu: Buffer;
  resolve(answer: Answer): void;
  reject(fault: DeviceFault): void;
}

/** Rejects with a DeviceFault. */
export async function connectModbus(settings: Settings, signal: AbortSignal): Promise<ModbusConnection> {
  const { host, port, unitId, timeoutMs } = settings;
  const at = `${host}:${port}`;
  const socket = await openTcp({ host, port, timeoutMs, signal });
  const reader = createFrameReader();
  const ending = new AbortController();
  let ended: DeviceFault | null = null;
  let waiting: Waiting | null = null;
  let transaction = Math.floor(Math.random() * 0xffff);
  let turn: Promise<unknown> = Promise.resolve();

  const end = (fault: DeviceFault) => {
    if (ended) return;
    ended = fault;
    socket.destroy();
    waiting?.reject(fault);
    waiting = null;
    ending.abort();
  };
  const onAbort = () => end(stopped());
  signal.addEventListener('abort', onAbort);
  const closed = new Promise<void>((resolve) => {
    socket.on('close', () => {
      signal.removeEventListener('abort', onAbort);
      end(closedByDevice(at, reader.pendingBytes() > 0));
      resolve();
    });
  });
  socket.on('error', (error) => end(tcpFault(error, at)));
  socket.on('end', () => end(closedByDevice(at, reader.pendingBytes() > 0)));
  socket.on('data', (bytes) => {
    try {
      for (const frame of reader.push(bytes)) take(frame);
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      end(protocolFault(at, error.message));
    }
  });
  if (signal.aborted) onAbort();

  function take(frame: Frame) {
    if (ended) return;
    if (waiting === null) throw new FrameError('an answer to no question');
    if (frame.transaction !== waiting.transaction)
      throw new FrameError(`transaction ${frame.transaction} instead of ${waiting.transaction}`);
    if (frame.unit !== unitId) throw new FrameError(`unit ${frame.unit} instead of ${unitId}`);
    const answer = parseAnswer(waiting.pdu, frame.pdu);
    waiting.resolve(answer);
    waiting = null;
  }

  function ask(pdu: Buffer): Promise<Answer> {
    if (ended) return Promise.reject(ended);
    transaction = (transaction + 1) & 0xffff;
    return new Promise<Answer>((resolve, reject) => {
      const timer = setTimeout(() => end(noAnswer(at, timeoutMs)), timeoutMs);
      waiting = {
        transaction,
        pdu,
        resolve(answer) {
          clearTimeout(timer);
          resolve(answer);
        },
        reject(fault) {
          clearTimeout(timer);
          reject(fault);
        },
      };
      socket.write(encodeFrame(transaction, unitId, pdu));
    });
  }

  function alone<T>(work: (request: (pdu: Buffer) => Promise<Answer>) => Promise<T>): Promise<T> {
    const mine = turn.then(() => work(ask));
    // The next one's turn comes whatever became of this one; this one's fault goes to its caller.
    turn = mine.then(
      () => undefined,
      () => undefined,
    );
    return mine;
  }

  return {
    request: (pdu) => alone((request) => request(pdu)),
    alone,
    fault: () => ended,
    ended: ending.signal,
    closed,
    close: () => end(stopped()),
  };
}
