import { decodeBatch } from '@luban/contracts';
import { parseTraceparent } from '../platform/tracing/trace-context.ts';
import type { Tracing } from '../platform/tracing/tracing.ts';
import type { Ingest } from './ingest-contract.ts';
import type { IngestOutcome, Sender } from './ingest-outcome.ts';
import type { MqttDoorHandlers } from './mqtt/mqtt-door.ts';
import { userProperty } from './mqtt/wire/properties.ts';
import type { MqttIdentity } from './mqtt-identity.ts';

/** Ingest with a span of each batch that is traced. */
export function traceIngest(ingest: Ingest, tracing: Tracing): Ingest {
  function traced<Given>(
    accept: (sender: Sender, given: Given) => IngestOutcome | Promise<IngestOutcome>,
    samplesOf: (given: Given) => number,
  ) {
    return (sender: Sender, given: Given) => {
      if (tracing.current() === undefined) return accept(sender, given);
      return tracing.part('ingest accept', {}, async (span) => {
        const outcome = await accept(sender, given);
        if (span !== undefined && outcome.ok) span.attributes['luban.samples'] = samplesOf(given);
        else if (span !== undefined && !outcome.ok) span.failure = outcome.reason;
        return outcome;
      });
    };
  }
  return {
    ...ingest,
    accept: traced(ingest.accept, (encoded) => decodeBatch(encoded).count),
    acceptSamples: traced(ingest.acceptSamples, (given) => given.length),
    acceptColumns: traced(ingest.acceptColumns, (batch) => batch.count),
  };
}

type Publish = MqttDoorHandlers<MqttIdentity>['publish'];

/** What takes MQTT messages, with a span of each one that is traced: as its sender asks by `traceparent`, or by the ratio. */
export function tracePublish(publish: Publish, tracing: Tracing): Publish {
  return (peer, topic, payload, properties) => {
    const context = properties.length === 0 ? null : parseTraceparent(userProperty(properties, 'traceparent'));
    const root = tracing.root('mqtt publish', { kind: 'consumer', context });
    if (root === undefined) return publish(peer, topic, payload, properties);
    Object.assign(root.attributes, {
      'messaging.system': 'mqtt',
      'messaging.destination.name': topic,
      'messaging.message.body.size': payload.length,
      'luban.tenant': peer.identity.tenant,
      'luban.actor': peer.identity.kind,
    });
    return tracing.within(root, async () => {
      try {
        const outcome = await publish(peer, topic, payload, properties);
        if (!outcome.ok) root.failure = outcome.reason;
        return outcome;
      } finally {
        tracing.endRoot(root);
      }
    });
  };
}
