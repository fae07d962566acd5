import type { Duplex } from 'node:stream';
import { FrameReader } from '../wire/frame-reader.ts';

/** Why nothing is read at the moment although it could be. */
export type Hold = 'none' | 'authenticating' | 'inflight' | 'bytes' | 'writes' | 'stopping';

/** Sums over all connections of a door. */
export interface InputTotals {
  /** Connections whose socket is paused. */
  paused: number;
  /** Memory of half-received packets that are larger than what socket reads bring anyway. */
  assemblyBytes: number;
}

/** Two socket reads: every connection may hold that much, so only packets larger than that are counted. */
const UNCOUNTED_PACKET_BYTES = 128 * 1024;
const MAX_DISCARDED_BYTES = 1024 * 1024;

/**
 * The incoming side of one connection: unread bytes, and the valve that stops the socket while they may not be read.
 * What arrives while a turn is still due pauses the socket, so that no more than about two reads wait here.
 */
export class PacketInput {
  readonly reader = new FrameReader();
  hold: Hold = 'none';
  heldSince = 0;
  /** The client sends nothing more. */
  ended = false;
  readonly #socket: Duplex;
  readonly #totals: InputTotals;
  #paused = false;
  #counted = 0;
  #discarded = 0;

  constructor(socket: Duplex, totals: InputTotals) {
    this.#socket = socket;
    this.#totals = totals;
  }

  /** Returns true when this made a large half-received packet grow. */
  append(chunk: Buffer): boolean {
    this.reader.append(chunk);
    return this.account() > 0;
  }

  /** Takes what comes after the end, so that the goodbye is not lost to a reset; true when that has to stop. */
  discard(chunk: Buffer): boolean {
    this.#discarded += chunk.length;
    return this.#discarded > MAX_DISCARDED_BYTES;
  }

  /** Keeps the sum over all connections; returns by how much this one grew. */
  account(): number {
    const held = this.reader.packetBytes > UNCOUNTED_PACKET_BYTES ? this.reader.assemblyBytes : 0;
    const grown = held - this.#counted;
    this.#counted += grown;
    this.#totals.assemblyBytes += grown;
    return grown;
  }

  /** Returns false, for "nothing more to read now". */
  holdFor(hold: Hold): false {
    this.hold = hold;
    this.heldSince = performance.now();
    return false;
  }

  /** True when it was held for that and may be read again. */
  release(hold: Hold): boolean {
    if (this.hold !== hold) return false;
    this.hold = 'none';
    return true;
  }

  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#totals.paused++;
    this.#socket.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#totals.paused--;
    this.#socket.resume();
  }

  /** Nothing more is read: what is unread is dropped, and the socket runs dry. */
  close(): void {
    this.hold = 'none';
    this.reader.discard();
    this.account();
    this.resume();
  }
}
