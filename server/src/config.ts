import { type AccessKeyId, idSchema } from '@luban/contracts';
import { z } from 'zod';
import { parseNatsAddress } from './log/nats-address.ts';
import { isPostgresAddress } from './platform/database/postgres-address.ts';
import type { CertificateFiles } from './platform/tls/certificates.ts';
import type { TracingConfig } from './platform/tracing/tracing.ts';
import { type ServerRole, serverRoles } from './servers/server-role.ts';
import { parseClickhouseAddress } from './telemetry/clickhouse-address.ts';

const file = z.string().min(1).optional();
const webAddress = z
  .union([z.literal(''), z.url({ protocol: /^https?$/ })], { error: 'must look like http://127.0.0.1:4318' })
  .default('');
const port = z.coerce.number().int().min(0).max(65_535);

/**
 * The platform's configuration: the only reader of the environment. Every key has a default that is right for one
 * small server; a wrong value stops the start and names the key.
 */
const schema = z.object({
  LUBAN_DATA: z.string().min(1).default('data/platform').describe('Folder that holds everything the platform keeps'),
  LUBAN_HOST: z.string().min(1).default('127.0.0.1').describe('Address to listen on; 0.0.0.0 opens it to the network'),
  LUBAN_HTTP_PORT: port.default(8080),
  LUBAN_MQTT_PORT: port.default(1883),
  LUBAN_RECORDS: z
    .string()
    .refine((address) => address === '' || isPostgresAddress(address), {
      error: 'must look like postgres://user:password@host:5432/database',
    })
    .default('')
    .describe('PostgreSQL that holds the records; empty: SQLite in the data folder'),
  LUBAN_PLAIN_HOST: z
    .string()
    .min(1)
    .optional()
    .describe('Address of the doors without TLS, where it is not LUBAN_HOST: 127.0.0.1 leaves only TLS to the network'),
  LUBAN_TLS_CERT: file.describe('PEM file: the certificate and its chain. With it there are HTTPS and MQTT by TLS'),
  LUBAN_TLS_KEY: file.describe('PEM file: the key of the certificate'),
  LUBAN_MQTT_CLIENT_CA: file.describe(
    'PEM file: authorities of client certificates. With it MQTT by TLS asks for them',
  ),
  LUBAN_MQTT_CLIENT_CRL: file.describe('PEM file: revocation lists, one of each of these authorities'),
  LUBAN_MQTT_CLIENT_CERT: z
    .enum(['optional', 'required'])
    .default('optional')
    .describe('required: nobody comes in by MQTT with TLS without a certificate of these authorities'),
  LUBAN_HTTPS_PORT: port.optional().describe('8443 where there is a certificate'),
  LUBAN_MQTT_TLS_PORT: port.optional().describe('8883 where there is a certificate'),
  LUBAN_LOG: z
    .string()
    .refine((address) => address === '' || parseNatsAddress(address) !== null, {
      error: 'must look like nats://user:password@a:4222,b:4222,c:4222',
    })
    .default('')
    .describe('NATS JetStream servers that hold the log; empty: the journal in the data folder'),
  LUBAN_MQTT_ANONYMOUS: idSchema('access')
    .optional()
    .describe('Id of the access key that MQTT clients without credentials act as; without it they are refused'),
  LUBAN_MQTT_ANONYMOUS_LOGIN: z
    .enum(['none', 'any'])
    .default('none')
    .describe('any: whoever shows a user name or password that is nobody’s acts as that key too'),
  LUBAN_MQTT_PACKET_BYTES: z.coerce
    .number()
    .int()
    .min(64 << 10)
    .max(15 << 20)
    .default(1 << 20)
    .describe('Largest packet that a client may send by MQTT; with NATS, no more than its max_payload takes'),
  LUBAN_TELEMETRY: z
    .string()
    .refine((address) => address === '' || parseClickhouseAddress(address) !== null, {
      error: 'must look like http://user:password@host:8123/database or …/database?cluster=name',
    })
    .default('')
    .describe('ClickHouse that holds the telemetry; empty: chDB in the data folder'),
  LUBAN_ROLES: z
    .string()
    .default(serverRoles.join(','))
    .transform((text) => [...new Set(text.split(',').map((one) => one.trim()))].filter(Boolean))
    .pipe(z.array(z.enum(serverRoles, { error: `must be some of ${serverRoles.join(', ')}` })).min(1))
    .describe(
      'What this server does: door, api, writer, with commas between. Fewer than all need the engines of a cluster',
    ),
  LUBAN_SEAL_KEY_FILE: file.describe(
    'File with the key that seals secrets in the records, the same for all servers of a platform; without it: seal.key in the data folder',
  ),
  LUBAN_LOG_BYTES: z.coerce
    .number()
    .int()
    .min(64 << 20)
    .default(8 * 2 ** 30)
    .describe('Most bytes that the log keeps on disk'),
  LUBAN_LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
  LUBAN_RATE_LIMIT: z.coerce
    .number()
    .int()
    .min(0)
    .default(12_000)
    .describe('Requests a minute that each user may make of the API at this server; 0: as many as they like'),
  LUBAN_METRICS: z
    .enum(['off', 'loopback', 'token'])
    .default('loopback')
    .describe('Who may read /metrics: nobody, a collector on this machine, whoever has LUBAN_METRICS_TOKEN'),
  LUBAN_METRICS_TOKEN: z.string().min(16).max(200).regex(/^\S+$/, 'must have no space').optional(),
  OTEL_EXPORTER_OTLP_ENDPOINT: webAddress.describe(
    'Collector that takes traces by OTLP over HTTP, as http://127.0.0.1:4318; without one nothing is sent',
  ),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: webAddress.describe('The same with its whole path, where that is not /v1/traces'),
  OTEL_EXPORTER_OTLP_HEADERS: z
    .string()
    .default('')
    .transform((text, context) => {
      const headers = headersOf(text);
      if (headers !== null) return headers;
      context.issues.push({ code: 'custom', message: 'must look like name=value,name=value', input: '' });
      return z.NEVER;
    })
    .describe('What the collector wants to see, as authorization=Bearer%20…'),
  OTEL_SERVICE_NAME: z.string().min(1).default('luban'),
  OTEL_TRACES_SAMPLER_ARG: z.coerce
    .number()
    .min(0)
    .max(1)
    .default(0)
    .describe('What part of the work is traced of which nobody asked it; 0: only requests that ask for it'),
  LUBAN_DEMO: z.enum(['', '1']).default('').describe('1: print a one-time sign-in link and add the demo plant'),
});

/** Percent-encoded values, as in the OpenTelemetry specification. Null where it is none. */
function headersOf(text: string): Record<string, string> | null {
  try {
    return Object.fromEntries(
      text.split(',').flatMap((part) => {
        if (part.trim() === '') return [];
        const [, name = '', value = ''] = /^\s*([\w!#$%&'*+.^`|~-]+)\s*=(.*)$/.exec(part) ?? [];
        if (name === '') throw new URIError(part);
        return [[name.toLowerCase(), decodeURIComponent(value.trim())]];
      }),
    );
  } catch (error) {
    if (error instanceof URIError) return null;
    throw error;
  }
}

export interface TlsConfig {
  readonly files: CertificateFiles;
  readonly httpsPort: number;
  readonly mqttPort: number;
  readonly clientCertificates: 'not-asked' | 'asked' | 'required';
}

/** Who comes in by MQTT without a key. */
export interface MqttAnonymous {
  /** What they act as. */
  readonly key: AccessKeyId;
  /** `none`: whoever shows neither user name nor password; `any`: also who shows some that are nobody's. */
  readonly login: 'none' | 'any';
}

export interface ServerConfig {
  readonly dataDirectory: string;
  readonly host: string;
  readonly httpPort: number;
  readonly mqttPort: number;
  /** `postgres://…`; absent: SQLite in the data directory. */
  readonly records?: string | undefined;
  /** Where the doors without TLS listen. */
  readonly plainHost: string;
  readonly tls: TlsConfig | null;
  /** `nats://…`; absent: the journal in the data directory. */
  readonly log?: string | undefined;
  readonly mqttAnonymous: MqttAnonymous | null;
  readonly mqttPacketBytes: number;
  /** `http://…` of ClickHouse; absent: chDB in the data directory. */
  readonly telemetry?: string | undefined;
  /** Absent: `seal.key` in the data directory, which is made at the first start. */
  readonly sealKeyFile?: string | undefined;
  readonly logBytes: number;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
  readonly metrics: { kind: 'off' } | { kind: 'loopback' } | { kind: 'token'; token: string };
  /** Null: nothing is traced, and nothing is sent. */
  readonly tracing: TracingConfig | null;
  /** Requests a minute of each actor; 0: no limit. */
  readonly rateLimit: number;
  readonly demo: boolean;
  readonly roles: readonly ServerRole[];
  /** Whether records, log and telemetry are on engines that several servers can use at once. */
  readonly shared: boolean;
}

/** Throws an Error that names each bad key and what it must be. */
export function readConfig(environment: Record<string, string | undefined>): ServerConfig {
  const known = new Set(Object.keys(schema.shape));
  const strangers = Object.keys(environment).filter(
    (key) => key.startsWith('LUBAN_') && !key.startsWith('LUBAN_EDGE_') && !known.has(key),
  );
  if (strangers.length > 0)
    throw new Error(`unknown setting ${strangers.join(', ')}; known are ${[...known].join(', ')}`);
  const parsed = schema.safeParse(environment);
  if (!parsed.success)
    throw new Error(
      `bad configuration: ${parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ')}`,
    );
  const values = parsed.data;
  const { LUBAN_METRICS: metrics, LUBAN_METRICS_TOKEN: token } = values;
  if ((metrics === 'token') !== (token !== undefined))
    throw new Error('bad configuration: LUBAN_METRICS=token and LUBAN_METRICS_TOKEN need each other');
  return {
    dataDirectory: values.LUBAN_DATA,
    host: values.LUBAN_HOST,
    httpPort: values.LUBAN_HTTP_PORT,
    mqttPort: values.LUBAN_MQTT_PORT,
    records: values.LUBAN_RECORDS === '' ? undefined : values.LUBAN_RECORDS,
    plainHost: values.LUBAN_PLAIN_HOST ?? values.LUBAN_HOST,
    tls: tlsOf(values),
    log: values.LUBAN_LOG === '' ? undefined : values.LUBAN_LOG,
    mqttAnonymous: anonymousOf(values),
    mqttPacketBytes: values.LUBAN_MQTT_PACKET_BYTES,
    telemetry: values.LUBAN_TELEMETRY === '' ? undefined : values.LUBAN_TELEMETRY,
    sealKeyFile: values.LUBAN_SEAL_KEY_FILE,
    logBytes: values.LUBAN_LOG_BYTES,
    logLevel: values.LUBAN_LOG_LEVEL,
    metrics: metrics === 'token' ? { kind: metrics, token: token ?? '' } : { kind: metrics },
    tracing: tracingOf(values),
    rateLimit: values.LUBAN_RATE_LIMIT,
    demo: values.LUBAN_DEMO === '1',
    ...rolesOf(values),
  };
}

function anonymousOf(values: z.output<typeof schema>): MqttAnonymous | null {
  const { LUBAN_MQTT_ANONYMOUS: key, LUBAN_MQTT_ANONYMOUS_LOGIN: login } = values;
  if (key === undefined && login === 'any')
    throw new Error('bad configuration: LUBAN_MQTT_ANONYMOUS_LOGIN=any needs LUBAN_MQTT_ANONYMOUS');
  return key === undefined ? null : { key, login };
}

function tracingOf(values: z.output<typeof schema>): TracingConfig | null {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: base, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: whole } = values;
  const url = whole || (base && `${base.replace(/\/+$/, '')}/v1/traces`);
  if (url === '') return null;
  const {
    OTEL_EXPORTER_OTLP_HEADERS: headers,
    OTEL_TRACES_SAMPLER_ARG: ratio,
    OTEL_SERVICE_NAME: serviceName,
  } = values;
  return { url, headers, ratio, serviceName };
}

function rolesOf(values: z.output<typeof schema>): Pick<ServerConfig, 'roles' | 'shared'> {
  const { LUBAN_ROLES: roles, LUBAN_RECORDS, LUBAN_LOG, LUBAN_TELEMETRY } = values;
  const embedded = Object.entries({ LUBAN_RECORDS, LUBAN_LOG, LUBAN_TELEMETRY }).flatMap(([name, address]) =>
    address === '' ? [name] : [],
  );
  if (roles.length < serverRoles.length && embedded.length > 0)
    throw new Error(
      `LUBAN_ROLES=${roles.join(',')} leaves work to other servers, and those need the engines of a cluster: set ${embedded.join(', ')} too`,
    );
  return { roles, shared: embedded.length === 0 };
}

function tlsOf(values: z.output<typeof schema>): TlsConfig | null {
  const { LUBAN_TLS_CERT: certificate, LUBAN_TLS_KEY: key, LUBAN_HTTPS_PORT, LUBAN_MQTT_TLS_PORT } = values;
  const { LUBAN_MQTT_CLIENT_CA, LUBAN_MQTT_CLIENT_CRL, LUBAN_MQTT_CLIENT_CERT } = values;
  const required = LUBAN_MQTT_CLIENT_CERT === 'required';
  if (certificate === undefined) {
    const without = { LUBAN_TLS_KEY: key, LUBAN_HTTPS_PORT, LUBAN_MQTT_TLS_PORT, LUBAN_MQTT_CLIENT_CA };
    for (const [name, set] of Object.entries(without))
      if (set !== undefined) throw new Error(`${name} needs LUBAN_TLS_CERT`);
  }
  if (LUBAN_MQTT_CLIENT_CA === undefined && (LUBAN_MQTT_CLIENT_CRL !== undefined || required))
    throw new Error('LUBAN_MQTT_CLIENT_CRL and LUBAN_MQTT_CLIENT_CERT=required need LUBAN_MQTT_CLIENT_CA');
  if (certificate === undefined) return null;
  if (key === undefined) throw new Error('LUBAN_TLS_CERT needs LUBAN_TLS_KEY, the key of the certificate');
  const clientCa = LUBAN_MQTT_CLIENT_CA ?? null;
  return {
    files: { certificate, key, clientCa, clientCrl: LUBAN_MQTT_CLIENT_CRL ?? null },
    httpsPort: LUBAN_HTTPS_PORT ?? 8443,
    mqttPort: LUBAN_MQTT_TLS_PORT ?? 8883,
    clientCertificates: clientCa === null ? 'not-asked' : required ? 'required' : 'asked',
  };
}
