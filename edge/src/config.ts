import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { EdgeError, messageOf } from './edge-errors.ts';

const schema = z.object({
  /** Everything that the edge keeps: credentials, configuration, outbox, ledgers. */
  LUBAN_EDGE_DATA: z.string().min(1).default('data/edge'),
  /** The platform's address as a browser has it: http://host:port or https://host. */
  LUBAN_PLATFORM: z.url({ protocol: /^https?$/, error: 'must be an address such as http://platform:8080' }),
  /** Once, at the first start. */
  LUBAN_ENROLMENT_TOKEN: z.string().min(20).max(200).optional(),
  /** Most bytes of samples that wait on disk; then the oldest are dropped and written down as a gap. */
  LUBAN_OUTBOX_BYTES: z.coerce.number().int().min(1_048_576).default(2_147_483_648),
  /** Only where the MQTT door is not on the platform's host: mqtt://host:1883 or mqtts://host:8883. */
  LUBAN_MQTT: z.url({ protocol: /^mqtts?$/, error: 'must be an address such as mqtt://platform:1883' }).optional(),
});

export interface EdgeConfig {
  readonly directory: string;
  readonly platform: string;
  readonly token: string | null;
  readonly outboxBytes: number;
  readonly mqtt: string | null;
}

const options = {
  data: { type: 'string' },
  platform: { type: 'string' },
  token: { type: 'string' },
  'outbox-bytes': { type: 'string' },
  mqtt: { type: 'string' },
} as const;

/** Reads environment and command line (which wins). Throws EdgeError `config.invalid` that names each bad key. */
export function readConfig(environment: NodeJS.ProcessEnv, args: readonly string[]): EdgeConfig {
  const unknown = Object.keys(environment).filter((key) => key.startsWith('LUBAN_EDGE_') && !(key in schema.shape));
  if (unknown.length > 0) throw new EdgeError('config.invalid', `unknown key ${unknown.join(', ')}`);
  let given: { [K in keyof typeof options]?: string | undefined };
  try {
    given = parseArgs({ args: [...args], options, strict: true }).values;
  } catch (cause) {
    throw new EdgeError('config.invalid', messageOf(cause), cause);
  }
  const parsed = schema.safeParse({
    LUBAN_EDGE_DATA: given.data ?? environment.LUBAN_EDGE_DATA,
    LUBAN_PLATFORM: given.platform ?? environment.LUBAN_PLATFORM,
    LUBAN_ENROLMENT_TOKEN: given.token ?? (environment.LUBAN_ENROLMENT_TOKEN || undefined),
    LUBAN_OUTBOX_BYTES: given['outbox-bytes'] ?? environment.LUBAN_OUTBOX_BYTES,
    LUBAN_MQTT: given.mqtt ?? (environment.LUBAN_MQTT || undefined),
  });
  if (!parsed.success) {
    const faults = parsed.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`);
    throw new EdgeError('config.invalid', faults.join('; '));
  }
  const { data } = parsed;
  return {
    directory: resolve(data.LUBAN_EDGE_DATA),
    platform: data.LUBAN_PLATFORM.replace(/\/+$/, ''),
    token: data.LUBAN_ENROLMENT_TOKEN ?? null,
    outboxBytes: data.LUBAN_OUTBOX_BYTES,
    mqtt: data.LUBAN_MQTT ?? null,
  };
}
