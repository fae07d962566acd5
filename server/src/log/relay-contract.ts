import type { Histogram } from '../platform/histogram.ts';

/** A record of the relay. */
export interface RelayRecord {
  /** Grows with every record, of whatever server. */
  readonly position: number;
  /** A view: it stays good and must not be written to. */
  readonly payload: Buffer;
}

/** What one server of several says to a question. */
export interface RelayAnswer {
  readonly server: string;
  readonly parts: readonly Buffer[];
}

export interface RelayFollower {
  /** Gives each record behind this position; undefined: behind what there is at the call. */
  readonly after: number | undefined;
  /** In order, from all servers, this one too. The next come when it has resolved; a rejection brings the same again. */
  take(records: readonly RelayRecord[]): Promise<void>;
  /** Records behind `after` are there no more: they were older than the relay keeps. */
  missed(): void;
}

/**
 * What servers of one platform say to each other: records that are kept for as long as a server may be away, in one
 * order for all, and questions to those that are there now.
 */
export interface Relay {
  /** This one's id. */
  readonly server: string;
  /** Resolves with the record's position once it is durable. Rejects with a LogFault. */
  append(record: Uint8Array): Promise<number>;
  /** The position of the newest record; −1 when there is none. */
  end(): Promise<number>;
  /** Only once. */
  follow(follower: RelayFollower): void;
  /** Other servers that are heard of at the moment. */
  others(): readonly string[];
  /**
   * Asks one server, or all others that are heard of. Who does not answer within `waitMs` is left out, and so is, at once, a server
   * that has no `answer` for the subject.
   */
  ask(subject: string, question: Uint8Array, how?: { of?: string; waitMs?: number }): Promise<RelayAnswer[]>;
  /**
   * What this server says to a question, in parts of at most 1 MiB or little more. A
   * rejection is no answer; undefined: it has nothing to say.
   */
  answer(subject: string, answer: (question: Buffer, from: string) => Promise<readonly Uint8Array[] | undefined>): void;
  stats(): {
    /** Records since the start. */
    readonly appended: number;
    /** The last append succeeded. */
    readonly healthy: boolean;
    /** From an append until it was durable, one group of them. */
    readonly syncs: Histogram;
    /** Messages of the relay, of some records each, that were not given to the follower yet when it was given the last. */
    readonly waiting: number;
  };
  close(): Promise<void>;
}
