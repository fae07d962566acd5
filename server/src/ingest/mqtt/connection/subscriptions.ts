import { subscribeRefusals } from '../mqtt-reasons.ts';
import { isBrokenText, type MqttVersion } from '../wire/control-packets.ts';

/** The topics of one client: exact names only, each with the QoS granted. */
export class Subscriptions {
  readonly #granted = new Map<string, 0 | 1>();
  readonly #maximum: number;
  readonly #allowed: (topicFilter: string) => boolean;

  /** `allowed` is asked after everything else was found right. */
  constructor(maximum: number, allowed: (topicFilter: string) => boolean) {
    this.#maximum = maximum;
    this.#allowed = allowed;
  }

  granted(topic: string): 0 | 1 | undefined {
    return this.#granted.get(topic);
  }

  /** Returns the SUBACK code: the QoS granted, or why not (0x80 and above). */
  add(filter: string, qos: 0 | 1 | 2): number {
    if (filter === '' || isBrokenText(filter)) return subscribeRefusals.filterInvalid;
    if (filter.startsWith('$share/')) return subscribeRefusals.shared;
    if (filter.includes('#') || filter.includes('+')) return subscribeRefusals.wildcard;
    if (!this.#granted.has(filter) && this.#granted.size >= this.#maximum) return subscribeRefusals.quota;
    if (!this.#allowed(filter)) return subscribeRefusals.notAuthorized;
    const granted = qos === 0 ? 0 : 1;
    this.#granted.set(filter, granted);
    return granted;
  }

  /** Returns the UNSUBACK code. */
  remove(filter: string): number {
    return this.#granted.delete(filter) ? 0 : 0x11;
  }
}

/** MQTT 3.1.1 has one code for every refusal. */
export function subackCode(code: number, version: MqttVersion): number {
  return version === 4 && code >= 0x80 ? 0x80 : code;
}
