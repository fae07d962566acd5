import { type Cause, type LocalText, type QualityReason, qualityCode } from '@luban/contracts';

/** A device did not do what was asked: why in words for people, and what it makes of its points' quality. */
export class DeviceFault extends Error {
  override readonly name = 'DeviceFault';
  readonly why: Cause;
  readonly code: string;
  readonly quality: number;

  constructor(why: Cause, reason: QualityReason, cause?: unknown) {
    super(why.detail === undefined ? why.text.en : `${why.text.en} (${why.detail})`, { cause });
    this.why = why;
    this.code = why.code;
    this.quality = qualityCode(reason);
  }
}

/** A cause within the lengths of its schema, whatever a device put into it. */
export function causeOf(code: string, text: LocalText, detail?: string): Cause {
  const cut = { zh: text.zh.slice(0, 500), en: text.en.slice(0, 500) };
  return detail === undefined ? { code, text: cut } : { code, text: cut, detail: detail.slice(0, 500) };
}

/** A fault as a fault: what is none yet is told as a fault of the driver itself. */
export function asDeviceFault(error: unknown): DeviceFault {
  if (error instanceof DeviceFault) return error;
  const detail = error instanceof Error ? error.message : String(error);
  const text = { zh: `驱动程序内部错误：${detail}`, en: `The driver itself failed: ${detail}` };
  return new DeviceFault(causeOf('driver.failed', text, detail), 'bad', error);
}

/** Why a TCP connection did not come about or did not last. `error` is Node's. */
export function tcpFault(error: unknown, at: string): DeviceFault {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const detail = error instanceof Error ? error.message : String(error);
  const fault = (name: string, zh: string, en: string) =>
    new DeviceFault(causeOf(`device.${name}`, { zh, en }, detail), 'notConnected', error);
  switch (code) {
    case 'ECONNREFUSED':
      return fault(
        'refused',
        `${at} 拒绝 TCP 连接：设备是否已开机，端口是否正确？`,
        `TCP connect refused by ${at}: is the device on and the port right?`,
      );
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return fault(
        'unknown-host',
        `找不到主机 ${at}：名称是否正确，DNS 是否可用？`,
        `No host ${at} found: is the name right and does DNS work?`,
      );
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return fault(
        'unreachable',
        `没有到 ${at} 的网络路由：网线、网关和防火墙是否正常？`,
        `No network route to ${at}: are cable, gateway and firewall in order?`,
      );
    case 'ECONNRESET':
    case 'EPIPE':
      return fault(
        'closed',
        `${at} 中断了连接：设备是否重启，或连接数已满？`,
        `${at} broke the connection: did the device restart, or has it too many connections?`,
      );
    default:
      return fault('connection', `与 ${at} 的连接失败`, `The connection to ${at} failed`);
  }
}

export function connectTimeout(at: string, timeoutMs: number): DeviceFault {
  const zh = `${at} 在 ${timeoutMs} ms 内没有接受连接：设备是否已开机，IP 地址是否正确？`;
  const en = `${at} did not accept a connection within ${timeoutMs} ms: is the device on and the IP address right?`;
  return new DeviceFault(causeOf('device.connect-timeout', { zh, en }), 'notConnected');
}

export function noAnswer(at: string, timeoutMs: number): DeviceFault {
  const zh = `${at} 接受了连接，但在 ${timeoutMs} ms 内没有应答：设备是否过载，站号是否正确？`;
  const en = `${at} took the connection but did not answer within ${timeoutMs} ms: is it overloaded or the unit wrong?`;
  return new DeviceFault(causeOf('device.no-answer', { zh, en }), 'deviceSilent');
}

export function closedByDevice(at: string, inAnswer: boolean): DeviceFault {
  const zh = inAnswer ? `${at} 在应答中途关闭了连接` : `${at} 关闭了连接`;
  const en = inAnswer ? `${at} closed the connection in the middle of an answer` : `${at} closed the connection`;
  return new DeviceFault(causeOf('device.closed', { zh, en }), 'notConnected');
}

export function notConnected(at: string): DeviceFault {
  const text = { zh: `尚未连接到 ${at}`, en: `Not connected to ${at}` };
  return new DeviceFault(causeOf('device.not-connected', text), 'notConnected');
}

/** It answers, but not in its protocol's words. */
export function protocolFault(at: string, detail: string): DeviceFault {
  const zh = `${at} 的应答不符合协议，已断开：该端口上是否是另一种设备？`;
  const en = `${at} answers against the protocol and was disconnected: is another kind of device at this port?`;
  return new DeviceFault(causeOf('device.protocol', { zh, en }, detail), 'deviceError');
}

export function stopped(): DeviceFault {
  return new DeviceFault(causeOf('driver.stopped', { zh: '驱动已停止', en: 'The driver was stopped' }), 'notConnected');
}

export function pointsBad(bad: number, all: number): Cause {
  return causeOf('device.points-bad', {
    zh: `${all} 个点中有 ${bad} 个读不到`,
    en: `${bad} of ${all} points cannot be read`,
  });
}
