import { topics } from '@luban/contracts';
import { rivalDatabase, rivalMetric } from '../load/rival-requests.ts';

/** Lines of one request to InfluxDB at most, and how long the first of them waits. */
const batchMessages = 1000;
const batchSeconds = 0.25;

/** Whether the flow gathers messages into batches, or writes each as it comes. */
export type FlowKind = 'batches' | 'each';

/**
 * The flow that the stack runs, of Node-RED's own nodes only: MQTT in (QoS 1, JSON parsed) → function (a line of line
 * protocol for each value) → join (a batch) → HTTP request to InfluxDB over connections that stay open. Whatever fails
 * is logged. `each` leaves the join out, as one first builds it.
 */
export function nodeRedFlow(brokerPort: number, influxPort: number, kind: FlowKind): object[] {
  const tab = 'flow';
  return [
    { id: tab, type: 'tab', label: 'Samples to InfluxDB' },
    {
      id: 'broker',
      type: 'mqtt-broker',
      broker: '127.0.0.1',
      port: String(brokerPort),
      clientid: 'node-red',
      autoConnect: true,
      protocolVersion: '4',
      keepalive: '60',
      cleansession: true,
    },
    {
      id: 'in',
      type: 'mqtt in',
      z: tab,
      topic: topics.samples,
      qos: '1',
      datatype: 'json',
      broker: 'broker',
      wires: [['lines']],
    },
    {
      id: 'lines',
      type: 'function',
      z: tab,
      name: 'a line for each value',
      func: `const { time, values } = msg.payload;
const at = Date.parse(time);
let lines = '';
for (const key in values) lines += (lines && '\\n') + '${rivalMetric},point=' + key + ' value=' + values[key] + ' ' + at;
return { payload: lines };`,
      outputs: 1,
      wires: [[kind === 'batches' ? 'batch' : 'write']],
    },
    {
      id: 'batch',
      type: 'join',
      z: tab,
      mode: 'custom',
      build: 'string',
      property: 'payload',
      propertyType: 'msg',
      joiner: '\\n',
      joinerType: 'str',
      timeout: String(batchSeconds),
      count: String(batchMessages),
      wires: [['write']],
    },
    {
      id: 'write',
      type: 'http request',
      z: tab,
      method: 'POST',
      ret: 'txt',
      url: `http://127.0.0.1:${influxPort}/write?db=${rivalDatabase}&precision=ms`,
      persist: true,
      senderr: false,
      wires: [['refused']],
    },
    {
      id: 'refused',
      type: 'function',
      z: tab,
      func: `if (msg.statusCode !== 204) node.error('InfluxDB answered ' + msg.statusCode + ' ' + msg.payload);`,
      outputs: 0,
      wires: [],
    },
  ];
}

/** Node-RED without editor and without any call home. */
export function nodeRedSettings(port: number): string {
  const settings = {
    uiHost: '127.0.0.1',
    uiPort: port,
    flowFile: 'flows.json',
    httpAdminRoot: false,
    httpNodeRoot: false,
    disableEditor: true,
    credentialSecret: false,
    telemetry: { enabled: false, updateNotification: false },
    externalModules: { autoInstall: false, palette: { allowInstall: false } },
    logging: { console: { level: 'info', metrics: false, audit: false } },
  };
  return `module.exports = ${JSON.stringify(settings, null, 2)};\n`;
}
