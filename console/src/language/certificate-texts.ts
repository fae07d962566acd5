import type { Texts } from './language.tsx';

export const certificateTexts = {
  title: { zh: '客户端证书', en: 'Client certificates' },
  intro: {
    zh: '用证书代替密钥：绑定后，持证者通过 MQTT TLS 接入即代表该设备、网关或接入密钥。平台启动时须设置 LUBAN_MQTT_CLIENT_CA。',
    en: 'A certificate in place of a key: once bound, whoever shows it by MQTT with TLS stands for that thing, edge or access key. The platform must have been started with LUBAN_MQTT_CLIENT_CA.',
  },
  bind: { zh: '绑定证书', en: 'Bind a certificate' },
  none: { zh: '还没有绑定证书', en: 'No certificates bound yet' },
  holder: { zh: '代表', en: 'Stands for' },
  certificate: { zh: '证书', en: 'Certificate' },
  made: { zh: '绑定', en: 'Bound' },
  holderGone: { zh: '已删除', en: 'deleted' },
  issuerKind: { zh: '签发机构', en: 'issuer' },
  issuerHint: {
    zh: '此机构签发的、通用名为持有者 id 的每一张证书',
    en: 'Each certificate that this authority issued with the holder’s id as its common name',
  },
  holderKind: { zh: '代表什么', en: 'What it stands for' },
  thing: { zh: '设备', en: 'Thing' },
  edge: { zh: '边缘网关', en: 'Edge' },
  access: { zh: '接入密钥', en: 'Access key' },
  chooseEdge: { zh: '选择网关', en: 'Choose an edge' },
  chooseKey: { zh: '选择接入密钥', en: 'Choose an access key' },
  by: { zh: '绑定方式', en: 'Bind' },
  byCertificate: { zh: '一张证书', en: 'One certificate' },
  byFingerprint: { zh: '指纹', en: 'A fingerprint' },
  byIssuer: { zh: '签发机构', en: 'An issuer' },
  pem: { zh: '证书（PEM）', en: 'Certificate (PEM)' },
  issuerPem: { zh: '签发机构的证书（PEM）', en: 'Certificate of the authority (PEM)' },
  fingerprint: { zh: 'SHA-256 指纹', en: 'SHA-256 fingerprint' },
  readFile: { zh: '读取文件…', en: 'Read a file…' },
  notPem: {
    zh: '不是 PEM 证书：应以 -----BEGIN CERTIFICATE----- 开头。请勿粘贴私钥。',
    en: 'This is no PEM certificate: it begins with -----BEGIN CERTIFICATE-----. Never paste a private key.',
  },
  notFingerprint: {
    zh: '应为 64 个十六进制数字，可带冒号',
    en: 'This must be 64 hexadecimal digits, with or without colons',
  },
  revoke: { zh: '吊销', en: 'Revoke' },
  revokeSure: {
    zh: '使用它的连接立即断开。此后它什么都打不开，即使同时给出有效的密钥；此操作不能撤销。',
    en: 'Its connections end at once. It opens nothing any more, not even with a good key beside it. This cannot be undone.',
  },
  unbind: { zh: '解除绑定', en: 'Unbind' },
  unbindSure: {
    zh: '使用它的连接立即断开；之后可以重新绑定。',
    en: 'Its connections end at once. It can be bound again later.',
  },
} satisfies Texts;
