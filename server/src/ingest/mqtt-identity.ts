import type { EdgeId, TenantId, ThingId } from '@luban/contracts';
import type { Sender } from './ingest.ts';

/** Whom an MQTT connection belongs to. */
export type MqttIdentity = Sender & { readonly tenant: TenantId } & (
    | { readonly kind: 'edge'; readonly edge: EdgeId }
    /** `login`: the user name of a device that signed in as at another cloud. */
    | { readonly kind: 'thing'; readonly thing: ThingId; readonly login?: string }
  );
export type ThingIdentity = MqttIdentity & { readonly kind: 'thing' };
