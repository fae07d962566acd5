import type { MqttLimits } from '../mqtt-limits.ts';
import type { MqttRefusal } from '../mqtt-reasons.ts';
import type { Delivery, SessionLink } from '../session/delivery.ts';
import type { ConnectRequest } from '../wire/connect-request.ts';
import type { MqttVersion } from '../wire/control-packets.ts';
import { acknowledgements, type Outgoing } from './outgoing.ts';

/** The way from a session to its client. */
export class ClientLink implements SessionLink {
  readonly window: number;
  readonly #owner: { refuse(reason: MqttRefusal, detail?: string): void };
  readonly #outgoing: Outgoing;
  readonly #version: MqttVersion;
  readonly #maximumPacketBytes: number;
  readonly #topicAliasMaximum: number;
  readonly #maxUnsentBytes: number;
  #aliases: Map<string, number> | undefined;

  /** `client`: what it takes. */
  constructor(
    owner: { refuse(reason: MqttRefusal, detail?: string): void },
    outgoing: Outgoing,
    client: ConnectRequest,
    limits: MqttLimits,
  ) {
    this.#owner = owner;
    this.#outgoing = outgoing;
    this.#version = client.version;
    this.#maximumPacketBytes = client.maximumPacketBytes;
    // What aliases stand for is memory here, whatever the client offers.
    this.#topicAliasMaximum = Math.min(client.topicAliasMaximum, limits.topicAliasMaximum);
    this.#maxUnsentBytes = limits.maxUnsentMessageBytes;
    this.window = Math.min(client.receiveMaximum, limits.maxUnacknowledged);
  }

  get blocked(): boolean {
    return this.#outgoing.unsentBytes >= this.#maxUnsentBytes;
  }

  publish(delivery: Delivery, secondsLeft: number): boolean {
    const { message, qos, retain, subscriptionIds, messageId, again, done } = delivery;
    const version = this.#version;
    const known = this.#aliases?.get(message.topic);
    const alias = known ?? this.#freeAlias();
    const how = { version, qos, retain, expirySeconds: secondsLeft, subscriptionIds };
    const encoded = message.encode({ ...how, topicAlias: alias, topicLeftOut: known !== undefined });
    if (encoded.bytes > this.#maximumPacketBytes) return false;
    if (known === undefined && alias > 0) {
      this.#aliases ??= new Map();
      this.#aliases.set(message.topic, alias);
    }
    this.#outgoing.publish(encoded, messageId, again, qos === 0 ? done : undefined);
    return true;
  }

  release(messageId: number): void {
    this.#outgoing.acknowledge(acknowledgements.pubrel, messageId);
  }

  close(reason: MqttRefusal, detail?: string): void {
    this.#owner.refuse(reason, detail);
  }

  /** The first topics get the aliases that there are; 0 when there are none left. */
  #freeAlias(): number {
    const given = this.#aliases?.size ?? 0;
    return given < this.#topicAliasMaximum ? given + 1 : 0;
  }
}
