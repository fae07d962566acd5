import { z } from 'zod';
import { idSchema } from './id.ts';

/** Whom a client certificate can stand for. */
export const certificateHolder = z.union([idSchema('thing'), idSchema('edge'), idSchema('access')]);
export type CertificateHolder = z.infer<typeof certificateHolder>;

const pem = z.string().max(20_000);

/**
 * Which certificates stand for a thing, an edge or an access key at the MQTT door. `certificate`: the one with this
 * SHA-256 fingerprint. `issuer`: each that this authority issued with the holder's id as its common name.
 */
export const clientCertificate = z.object({
  id: idSchema('certificate'),
  holder: certificateHolder,
  /** Null: the holder is no more. */
  holderName: z.string().nullable(),
  kind: z.enum(['certificate', 'issuer']),
  /** SHA-256, lower-case hex: of the certificate, or of the authority's. */
  fingerprint: z.string(),
  /** Null where only the fingerprint was given. */
  subject: z.string().nullable(),
  createdAt: z.iso.datetime(),
  createdBy: z.object({ user: idSchema('user'), name: z.string() }),
  /** A revoked certificate opens nothing, not even with a good key beside it. */
  revokedAt: z.iso.datetime().nullable(),
});
export type ClientCertificate = z.infer<typeof clientCertificate>;

/** Exactly one of the three says which certificate. */
export const newClientCertificate = z
  .object({
    holder: certificateHolder,
    /** PEM. */
    certificate: pem.optional(),
    /** SHA-256 in hex, with or without colons, as openssl prints it. */
    fingerprint: z
      .string()
      .regex(/^([0-9a-fA-F]{2}:?){31}[0-9a-fA-F]{2}$/, 'must be a SHA-256 fingerprint in hex')
      .optional(),
    /** PEM of the authority. */
    issuer: pem.optional(),
  })
  .refine((body) => [body.certificate, body.fingerprint, body.issuer].filter((one) => one !== undefined).length === 1, {
    message: 'give exactly one of certificate, fingerprint and issuer',
  });
export type NewClientCertificate = z.infer<typeof newClientCertificate>;
