import fc from 'fast-check';

/** What one client does, by its place among the clients of a script. */
export type Step = { readonly by: number } & (
  | {
      readonly does: 'connect';
      readonly clean: boolean;
      readonly expirySeconds: number;
      readonly will: Will | null;
      readonly receiveMaximum: number | null;
      readonly maximumPacketSize: number | null;
      readonly topicAliasMaximum: number | null;
    }
  | { readonly does: 'subscribe'; readonly filters: readonly Filter[]; readonly id: number | null }
  | { readonly does: 'unsubscribe'; readonly filters: readonly number[] }
  // Of one QoS, because a QoS 2 message may be given on at PUBLISH or at PUBREL.
  | { readonly does: 'publish'; readonly qos: 0 | 1 | 2; readonly messages: readonly Publish[] }
  | { readonly does: 'disconnect'; readonly withWill: boolean; readonly expirySeconds: number | null }
  | { readonly does: 'break' }
  | { readonly does: 'acknowledge'; readonly messages: boolean }
);

export interface Will {
  readonly topic: number;
  readonly qos: 0 | 1 | 2;
  readonly retain: boolean;
  readonly empty: boolean;
  readonly properties: Properties;
}

export interface Filter {
  readonly filter: number;
  readonly qos: 0 | 1 | 2;
  readonly rh: number;
}

export interface Publish {
  readonly topic: number;
  readonly retain: boolean;
  readonly size: 'empty' | 'small' | 'large';
  readonly properties: Properties;
  readonly alias: 'none' | 'given' | 'used';
}

export interface Properties {
  readonly contentType?: string | undefined;
  readonly responseTopic?: string | undefined;
  readonly correlationData?: Buffer | undefined;
  readonly payloadFormatIndicator?: boolean | undefined;
  readonly messageExpiryInterval?: number | undefined;
  readonly userProperties?: Record<string, string | string[]> | undefined;
}

/** Below the script's own first level. */
export const topics = ['a', 'b/x', 'b/y', 'c', 'c/d', 'c/d/', '/a', 'b'] as const;
/** What Mosquitto makes of those that overlap in 3.1.1 depends on its memory. */
export const overlappingFilters = ['#', 'a', '+', 'b/+', 'b/#', '+/x', 'c/#', 'c/+/', '/+', '+/+', 'nothing'] as const;
export const plainFilters = ['a', 'b/+', 'c/#', '/+', 'b', 'nothing'] as const;

export interface Script {
  /** One for each client. */
  readonly versions: readonly (4 | 5)[];
  /** Those of MQTT 5 use filters that overlap. */
  readonly overlapping: boolean;
  readonly steps: readonly Step[];
}

const qos = fc.constantFrom(0 as const, 1 as const, 2 as const);
const sometimes = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { freq: 2 });
const rarely = <T>(arbitrary: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });
const seldom = fc.integer({ min: 0, max: 5 }).map((n) => n === 5);

const properties: fc.Arbitrary<Properties> = fc.record({
  contentType: rarely(fc.constantFrom('', 'text/plain')),
  responseTopic: rarely(fc.constantFrom('answers/7', '回答')),
  correlationData: rarely(fc.constantFrom(Buffer.from([0, 255, 1]), Buffer.alloc(0))),
  payloadFormatIndicator: rarely(fc.boolean()),
  messageExpiryInterval: rarely(fc.constantFrom(1000, 0xffff_ffff)),
  userProperties: rarely(
    fc.constantFrom<Record<string, string | string[]>>({ a: '1' }, { a: ['1', '2'], '': '', ü: 'ß' }),
  ),
});

const will: fc.Arbitrary<Will> = fc.record({
  topic: fc.nat(topics.length - 1),
  qos,
  retain: seldom,
  empty: seldom,
  properties,
});

const filter: fc.Arbitrary<Filter> = fc.record({
  filter: fc.nat(overlappingFilters.length - 1),
  qos,
  rh: fc.nat(2),
});

const publish: fc.Arbitrary<Publish> = fc.record({
  topic: fc.nat(topics.length - 1),
  retain: fc.boolean(),
  size: fc.constantFrom('small', 'small', 'small', 'small', 'empty', 'large'),
  properties,
  alias: fc.constantFrom('none', 'none', 'given', 'used'),
});

function stepOf(clients: number): fc.Arbitrary<Step> {
  const by = fc.nat(clients - 1);
  return fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        by,
        does: fc.constant('connect' as const),
        clean: fc.boolean(),
        expirySeconds: fc.constantFrom(0, 600, 600, 0xffff_ffff),
        will: sometimes(will),
        receiveMaximum: sometimes(fc.constantFrom(1, 2, 10)),
        maximumPacketSize: sometimes(fc.constantFrom(150, 100_000)),
        topicAliasMaximum: sometimes(fc.constantFrom(1, 10)),
      }),
    },
    {
      weight: 7,
      arbitrary: fc.record({
        by,
        does: fc.constant('subscribe' as const),
        filters: fc.array(filter, { minLength: 1, maxLength: 3 }),
        id: sometimes(fc.constantFrom(1, 200, 268_435_455)),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        by,
        does: fc.constant('unsubscribe' as const),
        filters: fc.array(fc.nat(overlappingFilters.length - 1), { minLength: 1, maxLength: 3 }),
      }),
    },
    {
      weight: 12,
      arbitrary: fc.record({
        by,
        does: fc.constant('publish' as const),
        qos,
        messages: fc.array(publish, { minLength: 1, maxLength: 4 }),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        by,
        does: fc.constant('disconnect' as const),
        withWill: fc.boolean(),
        expirySeconds: sometimes(fc.constantFrom(0, 600)),
      }),
    },
    { weight: 3, arbitrary: fc.record({ by, does: fc.constant('break' as const) }) },
    { weight: 2, arbitrary: fc.record({ by, does: fc.constant('acknowledge' as const), messages: fc.boolean() }) },
  );
}

type Any = Omit<Script, 'overlapping'>;

/** Everybody acknowledges at once. */
function prompt({ versions, steps }: Any): Script {
  return { versions, overlapping: true, steps: steps.filter(({ does }) => does !== 'acknowledge') };
}

/**
 * Somebody may not acknowledge. What else comes meanwhile must be one thing for every broker: QoS 0 may overtake what
 * waits for a client, and Mosquitto sends a copy for each subscription.
 */
function patient({ versions, steps }: Any): Script {
  const raised = <T extends { readonly qos: 0 | 1 | 2 }>(one: T): T => ({ ...one, qos: Math.max(1, one.qos) });
  return {
    versions,
    overlapping: false,
    steps: steps.map((step) => {
      if (step.does === 'publish') return raised(step);
      if (step.does === 'subscribe') return { ...step, filters: step.filters.map(raised) };
      return step.does === 'connect' && step.will !== null ? { ...step, will: raised(step.will) } : step;
    }),
  };
}

/** Everybody connects first; then anything may come. */
export function scriptOf(clients: number, maxLength: number): fc.Arbitrary<Script> {
  const any = fc.record({
    versions: fc.array(fc.constantFrom(4 as const, 5 as const, 5 as const), { minLength: clients, maxLength: clients }),
    steps: fc.array(stepOf(clients), { minLength: maxLength / 2, maxLength, size: 'max' }),
  });
  return fc.oneof(any.map(prompt), any.map(patient));
}
