import type { TlsConfig } from './config.ts';
import { createMqttTlsListener } from './ingest/listeners/mqtt-tls-listener.ts';
import type { createMqttIngest } from './ingest/mqtt-ingest.ts';
import type { Http } from './platform/http/http.ts';
import { createHttpsListener } from './platform/http/https-listener.ts';
import type { Upgrades } from './platform/http/upgrades.ts';
import type { LogLines } from './platform/log-lines.ts';
import type { Certificates } from './platform/tls/certificates.ts';

interface TlsDoorsOptions {
  readonly config: TlsConfig;
  readonly host: string;
  readonly certificates: Certificates;
  readonly mqtt: Pick<ReturnType<typeof createMqttIngest>, 'accept' | 'endRevoked'>;
  readonly http: Http;
  readonly upgrades: Upgrades;
  readonly lines: LogLines;
}

/** HTTPS and MQTT by TLS, with certificates that are renewed while they run. */
export function createTlsDoors({ config, host, certificates, mqtt, http, upgrades, lines }: TlsDoorsOptions) {
  const { httpsPort, mqttPort, clientCertificates } = config;
  certificates.onChange(() => mqtt.endRevoked());
  return {
    certificates,
    https: createHttpsListener({ host, port: httpsPort, certificates, http, upgrades, lines }),
    mqtt: createMqttTlsListener({ host, port: mqttPort, certificates, clientCertificates, accept: mqtt.accept, lines }),
  };
}
