import type { Cause, LocalText } from '@luban/contracts';
import {
  asDeviceFault,
  causeOf,
  closedByDevice,
  connectTimeout,
  DeviceFault,
  noAnswer,
  tcpFault,
} from '../device-fault.ts';

/** What a server's status means for whoever set the device up. */
const meanings: Record<string, LocalText> = {
  BadIdentityTokenRejected: { zh: '服务器不接受用户名或密码', en: 'the server does not accept the user or password' },
  BadIdentityTokenInvalid: { zh: '服务器不接受这种登录方式', en: 'the server does not accept this kind of login' },
  BadUserAccessDenied: { zh: '该用户没有权限', en: 'the user has no permission' },
  BadCertificateUntrusted: {
    zh: '服务器尚不信任边缘的证书：请在服务器上把它设为受信任',
    en: "the server does not trust the edge's certificate yet: trust it there",
  },
  BadSecurityChecksFailed: {
    zh: '服务器拒绝了安全连接：请在服务器上信任边缘的证书',
    en: "the server refused the secure connection: trust the edge's certificate there",
  },
  BadSecurityPolicyRejected: { zh: '服务器不支持该安全策略', en: 'the server does not have this security policy' },
  BadTooManySessions: { zh: '服务器的会话数已满', en: 'the server has no session left' },
  BadTooManySubscriptions: { zh: '服务器的订阅数已满', en: 'the server has no subscription left' },
  BadNodeIdUnknown: { zh: '服务器没有该节点', en: 'the server does not have this node' },
  BadNodeIdInvalid: { zh: '节点标识无效', en: 'the node id is invalid' },
  BadNotWritable: { zh: '该节点不可写', en: 'the node is not writable' },
  BadTypeMismatch: { zh: '值的类型不符', en: 'the value is of another type' },
  BadOutOfRange: { zh: '值超出范围', en: 'the value is out of range' },
};

function statusText(status: string): LocalText {
  const known = meanings[status];
  return known ? { zh: `${known.zh}（${status}）`, en: `${known.en} (${status})` } : { zh: status, en: status };
}

/** node-opcua tells most faults only by the words of their message. */
export function opcuaFault(error: unknown, at: string, timeoutMs: number): DeviceFault {
  if (error instanceof DeviceFault) return error;
  if (!(error instanceof Error)) return asDeviceFault(error);
  const words = error.message;
  const status = /\b(Bad[A-Z]\w+)/.exec(words)?.[1];
  const socket = /\b(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ECONNRESET|EPIPE)\b/.exec(words)?.[1];
  if (socket) return tcpFault(Object.assign(new Error(words, { cause: error }), { code: socket }), at);
  if (status && status in meanings) {
    const { zh, en } = statusText(status);
    const text = { zh: `${at} 拒绝了连接：${zh}`, en: `${at} refused the connection: ${en}` };
    return new DeviceFault(causeOf('opcua.refused', text, words), 'notConnected', error);
  }
  if (/ETIMEDOUT|timed? ?out|Timeout/i.test(words))
    return /connect/i.test(words) && !/transaction/i.test(words)
      ? connectTimeout(at, timeoutMs)
      : noAnswer(at, timeoutMs);
  if (/disconnected|Channel|socket|closed|premature/i.test(words)) return closedByDevice(at, false);
  const text = { zh: `与 OPC UA 服务器 ${at} 的会话失败`, en: `The session with the OPC UA server ${at} failed` };
  return new DeviceFault(causeOf('opcua.session', text, words), 'notConnected', error);
}

export function noEndpoint(at: string, wanted: string, offered: string): DeviceFault {
  const zh = `${at} 没有提供安全设置 ${wanted} 的端点`;
  const en = `${at} offers no endpoint with security ${wanted}`;
  return new DeviceFault(causeOf('opcua.no-endpoint', { zh, en }, offered), 'configuration');
}

export function certificateChanged(at: string, expected: string, seen: string): DeviceFault {
  const zh = `${at} 的证书已改变，为安全起见未连接：若更换属实，请在设备设置中填写新指纹 ${seen}`;
  const en = `The certificate of ${at} has changed, so it was not connected: if that is rightful, set the new thumbprint ${seen} in the device's settings`;
  return new DeviceFault(causeOf('opcua.certificate-changed', { zh, en }, `expected ${expected}`), 'configuration');
}

export function certificateRemembered(at: string, thumbprint: string): Cause {
  return causeOf(
    'opcua.certificate-remembered',
    { zh: `首次连接 ${at}，已记住其证书`, en: `First connection to ${at}: its certificate is remembered` },
    thumbprint,
  );
}

export function sessionLost(at: string): DeviceFault {
  const zh = `${at} 丢弃了会话：服务器是否重启，或会话数已满？`;
  const en = `${at} dropped the session: did the server restart, or has it too many sessions?`;
  return new DeviceFault(causeOf('opcua.session-lost', { zh, en }), 'notConnected');
}

export function subscriptionSilent(at: string): DeviceFault {
  const zh = `${at} 仍应答请求，但不再发布订阅数据`;
  const en = `${at} still answers requests but publishes nothing any more`;
  return new DeviceFault(causeOf('opcua.subscription-silent', { zh, en }), 'deviceSilent');
}

export function pointRefused(name: string, status: string): Cause {
  const { zh, en } = statusText(status);
  return causeOf('opcua.point-refused', { zh: `无法采集 ${name}：${zh}`, en: `${name} cannot be collected: ${en}` });
}

export function queueOverflow(at: string): Cause {
  return causeOf('opcua.queue-overflow', {
    zh: `${at} 的采样队列溢出，丢失了部分值：请缩短发布周期或延长采样周期`,
    en: `A sampling queue of ${at} overflowed and values were lost: publish more often or sample less often`,
  });
}

export function writeRefused(name: string, status: string): DeviceFault {
  const { zh, en } = statusText(status);
  return new DeviceFault(
    causeOf('opcua.write-refused', { zh: `无法写入 ${name}：${zh}`, en: `${name} was not written: ${en}` }),
    'deviceError',
  );
}

export function writeUnfit(name: string, type: string): DeviceFault {
  const zh = `该值不适合 ${name} 的类型 ${type}`;
  const en = `The value does not fit the type ${type} of ${name}`;
  return new DeviceFault(causeOf('opcua.write-unfit', { zh, en }), 'configuration');
}

export function passwordReadable(at: string): Cause {
  return causeOf('opcua.password-readable', {
    zh: `到 ${at} 的连接没有加密，用户名和密码可能在网络上被读取：请改用 Basic256Sha256`,
    en: `The connection to ${at} is not encrypted, so user and password may be readable on the network: use Basic256Sha256`,
  });
}
