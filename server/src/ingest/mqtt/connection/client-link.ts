import type { MqttRefusal } from '../mqtt-reasons.ts';
import type { Delivery, SessionLink } from '../session/deliveries.ts';
import type { MqttVersion } from '../wire/control-packets.ts';
import type { Outgoing } from './outgoing.ts';

/** What a client takes, as it said in CONNECT. */
export interface ClientLinkOptions {
  readonly outgoing: Outgoing;
  readonly version: MqttVersion;
  readonly window: number;
  readonly maximumPacketBytes: number;
  readonly topicAliasMaximum: number;
  readonly maxUnsentBytes: number;
  readonly close: (reason: MqttRefusal, detail?: string) => void;
}

/** The way from a session to its client. */
export class ClientLink implements SessionLink {
  readonly window: number;
  readonly #options: ClientLinkOptions;
  #aliases: Map<string, number> | undefined;

  constructor(options: ClientLinkOptions) {
    this.#options = options;
    this.window = options.window;
  }

  get blocked(): boolean {
    return this.#options.outgoing.unsentBytes >= this.#options.maxUnsentBytes;
  }

  publish(delivery: Delivery, secondsLeft: number): boolean {
    const { message, qos, retain, subscriptionIds, messageId, again, done } = delivery;
    const { outgoing, version, maximumPacketBytes } = this.#options;
    const known = this.#aliases?.get(message.topic);
    const alias = known ?? this.#freeAlias();
    const how = { version, qos, retain, expirySeconds: secondsLeft, subscriptionIds };
    const encoded = message.encode({ ...how, topicAlias: alias, topicLeftOut: known !== undefined });
    if (encoded.bytes > maximumPacketBytes) return false;
    if (known === undefined && alias > 0) {
      this.#aliases ??= new Map();
      this.#aliases.set(message.topic, alias);
    }
    outgoing.publish(encoded, messageId, again, qos === 0 ? done : undefined);
    return true;
  }

  release(messageId: number): void {
    this.#options.outgoing.acknowledge('pubrel', messageId);
  }

  close(reason: MqttRefusal, detail?: string): void {
    this.#options.close(reason, detail);
  }

  /** The first topics get the aliases that there are; 0 when there are none left. */
  #freeAlias(): number {
    const given = this.#aliases?.size ?? 0;
    return given < this.#options.topicAliasMaximum ? given + 1 : 0;
  }
}
