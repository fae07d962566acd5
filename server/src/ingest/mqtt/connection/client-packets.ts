import type { ISubscribePacket, IUnsubscribePacket, Packet } from 'mqtt-packet';
import type { Broker } from '../broker.ts';
import type { MqttLog } from '../door-contract.ts';
import { type MqttRefusal, subscribeRefusals } from '../mqtt-reasons.ts';
import { isWellFormed, parseFilter } from '../routing/topic-filter.ts';
import type { Session } from '../session/session.ts';
import type { SubscriptionRequest } from '../session/subscribing.ts';
import { encode, isNumbered, type MqttVersion, parseControlPacket } from '../wire/control-packets.ts';
import { formFault } from '../wire/packet-form.ts';
import { acknowledgements, type Outgoing } from './outgoing.ts';
import type { PublishIntake } from './publish-intake.ts';

/** The connection that the packets come by. */
export interface ClientPacketsOwner {
  who(): Record<string, unknown>;
  /** May throw. */
  maySubscribe(filter: string): boolean;
  /** Never throws. */
  subscribed(filter: string): void;
  refuse(reason: MqttRefusal, detail?: string): void;
  /** The client says goodbye, with or without its will. */
  goodbye(withWill: boolean): void;
}

export interface ClientPacketsOptions {
  readonly version: MqttVersion;
  readonly maximumPacketBytes: number;
  readonly session: Session;
  readonly broker: Pick<Broker<never>, 'subscribing' | 'sessions' | 'finished'>;
  readonly outgoing: Outgoing;
  readonly intake: PublishIntake;
  readonly log: MqttLog;
  readonly owner: ClientPacketsOwner;
}

const NOT_FOUND = 0x92;
const DISCONNECT_WITH_WILL = 0x04;
/** Each is a type, a length of two and an identifier, when there is no more to say. */
const SHORT_PACKET_BYTES = 4;

/** What a connected client sends besides PUBLISH and PINGREQ. */
export class ClientPackets {
  readonly #options: ClientPacketsOptions;

  constructor(options: ClientPacketsOptions) {
    this.#options = options;
  }

  /** `frame` is the whole packet, its body from `bodyStart`. */
  take(header: number, frame: Buffer, bodyStart: number): void {
    const short = frame.length === SHORT_PACKET_BYTES && bodyStart === 2;
    if (short && this.#takeShort(header, frame.readUInt16BE(2))) return;
    const { version, owner } = this.#options;
    if (header >> 4 === 1) {
      owner.refuse('protocol-error', 'a second CONNECT');
      return;
    }
    const packet = parseControlPacket(frame, version);
    const fault =
      packet === undefined ? 'malformed-packet' : formFault(header >> 4, frame.subarray(bodyStart), version);
    if (fault !== undefined) owner.refuse(fault);
    else this.#takePacket(packet!);
  }

  /** Acknowledgements without a reason code: on the way of every QoS 1 and 2 message. */
  #takeShort(header: number, messageId: number): boolean {
    if (messageId === 0) return false;
    switch (header) {
      case acknowledgements.puback:
      case acknowledgements.pubrec:
      case acknowledgements.pubrel:
      case acknowledgements.pubcomp:
        this.#acknowledged(header, messageId, true);
        return true;
      default:
        return false;
    }
  }

  #acknowledged(header: number, messageId: number, yes: boolean): void {
    const { session, outgoing, version } = this.#options;
    const { deliveries } = session;
    if (header === acknowledgements.puback) deliveries.acknowledged(messageId, yes);
    else if (header === acknowledgements.pubcomp) deliveries.completed(messageId);
    else if (header === acknowledgements.pubrel) this.#finish(messageId);
    else if (!deliveries.received(messageId, yes) && yes) {
      if (version === 5) this.#send({ cmd: 'pubrel', messageId, reasonCode: NOT_FOUND });
      else outgoing.acknowledge(acknowledgements.pubrel, messageId);
    }
  }

  /** PUBREL: PUBCOMP frees the identifier, so what it stood for must be forgotten durably before. */
  #finish(messageId: number): void {
    const { session, broker, intake, outgoing, version, owner } = this.#options;
    if (!intake.release(messageId)) {
      if (version === 5) this.#send({ cmd: 'pubcomp', messageId, reasonCode: NOT_FOUND });
      else outgoing.acknowledge(acknowledgements.pubcomp, messageId);
      return;
    }
    const durable = broker.finished(session, messageId);
    if (durable === undefined) outgoing.acknowledge(acknowledgements.pubcomp, messageId);
    else {
      durable.then(
        () => outgoing.acknowledge(acknowledgements.pubcomp, messageId),
        () => owner.refuse('quota-exceeded', 'PUBREL cannot be kept now'),
      );
    }
  }

  #takePacket(packet: Packet): void {
    const { owner } = this.#options;
    switch (packet.cmd) {
      case 'puback':
      case 'pubrec':
      case 'pubrel':
      case 'pubcomp':
        if (!isNumbered(packet)) owner.refuse('protocol-error');
        else this.#acknowledged(acknowledgements[packet.cmd], packet.messageId, (packet.reasonCode ?? 0) < 0x80);
        break;
      case 'subscribe':
        this.#subscribe(packet);
        break;
      case 'unsubscribe':
        this.#unsubscribe(packet);
        break;
      case 'disconnect':
        this.#disconnect(packet.reasonCode ?? 0, packet.properties?.sessionExpiryInterval);
        break;
      default:
        owner.refuse('protocol-error', `${packet.cmd} is not expected`);
    }
  }

  #subscribe(packet: ISubscribePacket): void {
    const { session, broker, version, owner, intake } = this.#options;
    const requests = isNumbered(packet) ? subscriptionsOf(packet, version) : undefined;
    if (requests === undefined || requests.length === 0 || !isNumbered(packet)) {
      owner.refuse('protocol-error');
      return;
    }
    if (this.#refusesMalformed(requests.map(({ filter }) => filter))) return;
    const { messageId } = packet;
    const { codes, granted, durable } = broker.subscribing.subscribe(session, requests, (filter) => this.#may(filter));
    this.#logRefused(requests, codes);
    const answer = (answered: readonly number[]) => {
      // MQTT 3.1.1 has one code for every refusal.
      const shown = version === 4 ? answered.map((code) => Math.min(code, 0x80)) : [...answered];
      this.#send({ cmd: 'suback', granted: shown, messageId });
    };
    const acknowledge = () => {
      if (intake.ended) return;
      answer(codes);
      for (const { subscription, sendRetained } of granted) {
        if (sendRetained) broker.subscribing.sendRetained(subscription);
        owner.subscribed(subscription.filter.whole);
      }
    };
    if (durable === undefined) acknowledge();
    else {
      durable.then(acknowledge, () => {
        if (!intake.ended) answer(codes.map((code) => (code < 0x80 ? subscribeRefusals.quota : code)));
      });
    }
  }

  #unsubscribe(packet: IUnsubscribePacket): void {
    const { session, broker, owner, intake } = this.#options;
    if (!isNumbered(packet) || packet.unsubscriptions.length === 0) {
      owner.refuse('protocol-error');
      return;
    }
    const { messageId, unsubscriptions } = packet;
    if (this.#refusesMalformed(unsubscriptions)) return;
    const { codes, durable } = broker.subscribing.unsubscribe(session, unsubscriptions);
    const acknowledge = () => {
      if (!intake.ended) this.#send({ cmd: 'unsuback', messageId, granted: codes });
    };
    if (durable === undefined) acknowledge();
    else durable.then(acknowledge, () => owner.refuse('quota-exceeded', 'UNSUBSCRIBE cannot be kept now'));
  }

  /** The code "topic filter invalid" is for a filter that is well formed and not taken; one that is not breaks the protocol. */
  #refusesMalformed(filters: readonly string[]): boolean {
    const wrong = filters.find((filter) => !isWellFormed(filter));
    if (wrong === undefined) return false;
    this.#options.owner.refuse('malformed-packet', `${JSON.stringify(wrong.slice(0, 200))} is no topic filter`);
    return true;
  }

  #disconnect(reasonCode: number, expirySeconds: number | undefined): void {
    const { session, broker, owner } = this.#options;
    if (expirySeconds !== undefined) {
      if (session.expirySeconds === 0 && expirySeconds > 0) {
        owner.refuse('protocol-error', 'a session that was to end with the connection cannot be kept');
        return;
      }
      broker.sessions.setExpiry(session, expirySeconds);
    }
    owner.goodbye(reasonCode === DISCONNECT_WITH_WILL);
  }

  #may(filter: string): boolean {
    const { owner, log } = this.#options;
    try {
      return owner.maySubscribe(filter);
    } catch (error) {
      log('error', 'mqtt.handler-failed', { ...owner.who(), error });
      return false;
    }
  }

  #logRefused(requests: readonly SubscriptionRequest[], codes: readonly number[]): void {
    const { log, owner } = this.#options;
    requests.forEach(({ filter }, index) => {
      const code = codes[index]!;
      if (code >= 0x80) log('info', 'mqtt.subscription-refused', { ...owner.who(), topic: filter.slice(0, 512), code });
    });
  }

  #send(packet: Packet): void {
    const { outgoing, version, maximumPacketBytes } = this.#options;
    outgoing.send(encode(packet, version, maximumPacketBytes));
  }
}

/** Undefined when the packet is one that the protocol forbids. */
function subscriptionsOf(
  { subscriptions, properties }: ISubscribePacket,
  version: MqttVersion,
): SubscriptionRequest[] | undefined {
  const id: unknown = properties?.subscriptionIdentifier;
  if (id !== undefined && (typeof id !== 'number' || id === 0)) return undefined;
  const ids = typeof id === 'number' ? [id] : [];
  const requests = subscriptions.map(({ topic, qos, nl, rap, rh }) => {
    const options = { noLocal: nl === true, retainAsPublished: rap === true, retainHandling: rh ?? 0 };
    return { filter: topic, qos, ids, ...(version === 5 ? options : plainOptions) };
  });
  const shared = requests.some(({ filter, noLocal }) => noLocal && parseFilter(filter)?.group !== undefined);
  return shared ? undefined : requests;
}

const plainOptions = { noLocal: false, retainAsPublished: false, retainHandling: 0 };
