import type { IssuedAccessKey } from '@luban/contracts';

/** The command with which a new key is tried: a line for the shell. */
export function connectCommand(key: IssuedAccessKey, host: string): string {
  const { id, secret, publish, subscribe, mqttPort, mqttTlsPort } = key;
  const client = 'client-1';
  const door = mqttTlsPort === null ? `-p ${mqttPort}` : `-p ${mqttTlsPort} --cafile ca.pem`;
  const login = `-h ${host} ${door} -i ${client} -u '${id}' -P '${secret}' -q 1`;
  const [first] = publish;
  if (first === undefined) return `mosquitto_sub ${login} -v -t ${quoted(subscribe[0] ?? '#')}`;
  const topic = first.replaceAll('%c', client).replaceAll('+', 'a').replace('#', 'test');
  return `mosquitto_pub ${login} -t ${quoted(topic)} -m 'hello'`;
}

/** For a POSIX shell, whatever stands in it. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
