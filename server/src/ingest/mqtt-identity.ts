import type { AccessKeyId, EdgeId, TenantId, ThingId } from '@luban/contracts';
import type { AccessHolder, CertificateId } from '../access/access.ts';
import type { CertificateName } from '../platform/tls/revocation-list.ts';
import type { Sender } from './ingest-outcome.ts';

/** An edge or a thing: who brings samples. */
export type MachineIdentity = Sender & { readonly tenant: TenantId } & (
    | { readonly kind: 'edge'; readonly edge: EdgeId }
    /** `login`: the user name of a device that signed in as at another cloud. */
    | { readonly kind: 'thing'; readonly thing: ThingId; readonly login?: string }
  );
/** Whom an MQTT connection belongs to. */
export type MqttIdentity = (MachineIdentity | AccessHolder) & {
  /** What it came in by, if by a client certificate: what ends it when the certificate is revoked. */
  readonly certificate?: { readonly binding: CertificateId; readonly names: readonly CertificateName[] };
};
export type ThingIdentity = MachineIdentity & { readonly kind: 'thing' };

export type MqttHolder = EdgeId | ThingId | AccessKeyId;

/** The id of who is behind an identity: a user name at the door, and the owner of its sessions. */
export function holderOf(identity: MqttIdentity): MqttHolder {
  switch (identity.kind) {
    case 'edge':
      return identity.edge;
    case 'thing':
      return identity.thing;
    case 'access':
      return identity.access;
  }
}
