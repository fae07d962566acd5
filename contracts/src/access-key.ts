import { z } from 'zod';
import { idSchema } from './id.ts';
import { givenName } from './text.ts';
import { topicFilter } from './topic-filter.ts';

const topicFilters = z.array(topicFilter).max(50);

/**
 * A tenant's key for a program that is neither an edge nor a thing: an MES, a SCADA, a script. It reaches the MQTT
 * topics that it names and no others. The secret is shown once.
 */
export const accessKey = z.object({
  id: idSchema('access'),
  name: givenName,
  /** The first characters of the secret, to recognise it by. */
  prefix: z.string(),
  publish: topicFilters,
  subscribe: topicFilters,
  createdAt: z.iso.datetime(),
  createdBy: z.object({ user: idSchema('user'), name: z.string() }),
  /** To the minute. */
  lastUsedAt: z.iso.datetime().nullable(),
  expiresAt: z.iso.datetime().nullable(),
  revokedAt: z.iso.datetime().nullable(),
  /** By a setting of the platform: who acts as it by MQTT without showing it. */
  openTo: z.enum(['nobody', 'no-login', 'any-login']),
});
export type AccessKey = z.infer<typeof accessKey>;

export const newAccessKey = z
  .object({
    name: givenName,
    publish: topicFilters.default([]),
    subscribe: topicFilters.default([]),
    expiresAt: z.iso.datetime({ offset: true }).nullable().default(null),
  })
  .refine(({ publish, subscribe }) => publish.length + subscribe.length > 0, {
    message: 'name at least one topic to publish or subscribe to',
    path: ['publish'],
  });
export type NewAccessKey = z.infer<typeof newAccessKey>;
/** With what it takes to use it at once: the secret, and where the MQTT doors are; no TLS without a certificate. */
export const issuedAccessKey = accessKey.extend({
  secret: z.string(),
  mqttPort: z.int(),
  mqttTlsPort: z.int().nullable(),
});
export type IssuedAccessKey = z.infer<typeof issuedAccessKey>;

/** A short-lived stand-in for an access key, for a browser or a phone. Topics left out are those of the key. */
export const newAccessToken = z.object({
  lifeSeconds: z.int().min(1).max(86_400).default(3600),
  publish: topicFilters.optional(),
  subscribe: topicFilters.optional(),
});
export type NewAccessToken = z.infer<typeof newAccessToken>;
export const issuedAccessToken = z.object({ token: z.string(), expiresAt: z.iso.datetime() });
