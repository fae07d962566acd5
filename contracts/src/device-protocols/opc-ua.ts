import { z } from 'zod';

export const opcUaSettings = z.object({
  endpointUrl: z
    .string()
    .regex(/^opc\.tcp:\/\/[^\s/]+/, 'must look like opc.tcp://host:4840')
    .max(500),
  security: z.enum(['None', 'Basic256Sha256']).default('None'),
  /** Sign and encrypt, or sign only; unused with security None. */
  messageMode: z.enum(['Sign', 'SignAndEncrypt']).default('SignAndEncrypt'),
  user: z
    .object({ name: z.string().min(1).max(200), password: z.string().max(500) })
    .nullable()
    .default(null),
  /**
   * SHA-1 thumbprint (40 hex digits) of the server's certificate. Null: the first one seen is remembered and
   * a later change refused.
   */
  serverThumbprint: z
    .string()
    .regex(/^[0-9a-f]{40}$/i)
    .nullable()
    .default(null),
  samplingIntervalMs: z.int().min(10).max(3_600_000).default(500),
  publishingIntervalMs: z.int().min(50).max(3_600_000).default(500),
  timeoutMs: z.int().min(500).max(60_000).default(5000),
});
export type OpcUaSettings = z.infer<typeof opcUaSettings>;

export const opcUaAddress = z.object({
  nodeId: z
    .string()
    .regex(/^((ns=\d+;|nsu=[^;]+;)?[isgb]=.+)$/, 'must look like ns=1;s=Name or nsu=urn:maker;i=85')
    .max(500),
});
export type OpcUaAddress = z.infer<typeof opcUaAddress>;
