import type { LocalText } from '@luban/contracts';

/** Every code that the API can answer with: status and text, in one place. A code's meaning never changes. */
const codes = {
  'request.invalid': { status: 400, zh: '请求内容有误', en: 'The request is not valid' },
  'request.not-found': { status: 404, zh: '没有这个地址', en: 'There is nothing at this address' },
  'request.too-large': { status: 413, zh: '请求过大', en: 'The request is too large' },
  'request.media-type': { status: 415, zh: '不支持的内容类型', en: 'This content type is not supported' },
  'request.stale': {
    status: 412,
    zh: '内容已被他人修改，您的更改未保存；请重新载入后再改',
    en: 'Somebody else has changed it meanwhile, so your change was not saved; load it again and repeat it',
  },
  'request.too-many': {
    status: 429,
    zh: '请求过于频繁，请按 Retry-After 给出的秒数稍后再试',
    en: 'Too many requests; try again after the seconds that Retry-After gives',
  },
  'idempotency.other-request': {
    status: 422,
    zh: '该 Idempotency-Key 已用于另一个请求；请为新的请求使用新的键',
    en: 'This Idempotency-Key was used for another request; use a new one for a new request',
  },
  'idempotency.in-progress': {
    status: 409,
    zh: '带有该 Idempotency-Key 的请求正在处理中，请稍后再试',
    en: 'The request with this Idempotency-Key is being worked on; try again in a moment',
  },
  'idempotency.interrupted': {
    status: 409,
    zh: '带有该 Idempotency-Key 的请求由另一台服务器或上次启动的进程处理，结果未知；请先查看是否已完成，再使用新的键',
    en: 'Another server, or this one before its restart, worked on the request with this Idempotency-Key and has not said how it ended; look whether it was done, then use a new key',
  },
  'request.guard': { status: 403, zh: '缺少 x-luban-request 请求头', en: 'The header x-luban-request is missing' },
  'servers.not-answering': {
    status: 503,
    zh: '有服务器没有应答，请稍后再试',
    en: 'A server does not answer; try again in a moment',
  },
  'server.too-large-here': {
    status: 503,
    zh: '数据太大，无法转给主服务器；请直接访问主服务器',
    en: 'Too large to be passed on to the server that leads; send it there directly',
  },
  'server.stands-by': {
    status: 503,
    zh: '当前没有主服务器应答，请稍后再试',
    en: 'No server leads at the moment, or it does not answer; try again in a few seconds',
  },
  'session.required': { status: 401, zh: '请先登录', en: 'Sign in first' },
  'session.wrong-credentials': { status: 401, zh: '邮箱或密码不正确', en: 'Wrong email or password' },
  'session.throttled': { status: 429, zh: '尝试次数过多，请稍后再试', en: 'Too many attempts; try again later' },
  'session.link-used': { status: 401, zh: '登录链接已使用或已过期', en: 'The sign-in link was used or has expired' },
  'permission.denied': { status: 403, zh: '您的角色没有此权限', en: 'Your role does not have this permission' },
  'permission.shared-platform': {
    status: 403,
    zh: '多个租户共用这个平台，只有平台的运维人员能在服务器上查看',
    en: 'Several tenants share this platform; only its operator sees this, on the servers’ own machines',
  },
  'setup.done': { status: 409, zh: '平台已完成初始设置', en: 'The platform is set up already' },
  'setup.code-required': {
    status: 403,
    zh: '请输入服务器启动时显示的设置码',
    en: 'Give the setup code that the server printed at its start',
  },
  'users.not-found': { status: 404, zh: '没有这个用户', en: 'There is no such user' },
  'users.email-taken': { status: 409, zh: '该邮箱已被使用', en: 'This email is in use' },
  'users.wrong-password': { status: 403, zh: '当前密码不正确', en: 'The current password is wrong' },
  'users.last-owner': { status: 409, zh: '至少要保留一位所有者', en: 'There must be at least one owner' },
  'tenant.moved': {
    status: 409,
    zh: '该租户已迁移到另一个平台，此处的数据只读',
    en: 'This tenant has moved to another platform; here it is only kept to be read',
  },
  'sites.not-found': { status: 404, zh: '没有这个位置', en: 'There is no such site' },
  'sites.wrong-level': { status: 409, zh: '层级关系不正确', en: 'This level cannot stand there' },
  'sites.in-use': { status: 409, zh: '该位置下还有内容', en: 'Something still stands in this place' },
  'models.not-found': { status: 404, zh: '没有这个物模型', en: 'There is no such thing model' },
  'models.key-taken': { status: 409, zh: '物模型标识已被使用', en: 'This model key is in use' },
  'models.in-use': { status: 409, zh: '仍有设备使用该物模型', en: 'Things still use this model' },
  'things.not-found': { status: 404, zh: '没有这个设备', en: 'There is no such thing' },
  'things.key-taken': { status: 409, zh: '设备标识已被使用', en: 'This thing key is in use' },
  'things.key-not-found': { status: 404, zh: '没有这个密钥', en: 'There is no such key' },
  'things.other-edge': { status: 409, zh: '该设备经由另一个边缘网关上报', en: 'The thing sends through another edge' },
  'things.login-taken': { status: 409, zh: '该登录名已有密钥', en: 'Another key has this login' },
  'points.not-found': { status: 404, zh: '没有这个点位', en: 'There is no such point' },
  'edges.not-found': { status: 404, zh: '没有这个边缘网关', en: 'There is no such edge' },
  'edges.token-invalid': {
    status: 401,
    zh: '注册令牌无效、已使用或已过期',
    en: 'The enrolment token is wrong, used or expired',
  },
  'devices.not-found': { status: 404, zh: '没有这个采集设备', en: 'There is no such device' },
  'devices.protocol-fixed': { status: 409, zh: '采集设备的协议不能更改', en: 'The protocol of a device cannot change' },
  'bindings.wrong-protocol': {
    status: 409,
    zh: '点位地址与采集设备的协议不符',
    en: 'The address does not fit the protocol of the device',
  },
  'bindings.taken': { status: 409, zh: '该点位已由其他采集设备采集', en: 'Another device collects this point' },
  'mqtt-clients.not-found': { status: 404, zh: '没有这个 MQTT 客户端', en: 'There is no such MQTT client' },
  'access.not-found': { status: 404, zh: '没有这个接入密钥', en: 'There is no such access key' },
  'access.void': { status: 409, zh: '该接入密钥已吊销或已过期', en: 'This access key is revoked or has expired' },
  'access.too-wide': {
    status: 403,
    zh: '令牌的主题超出了接入密钥的范围',
    en: 'A token cannot reach topics that its access key does not reach',
  },
  'certificates.not-found': { status: 404, zh: '没有这个客户端证书', en: 'There is no such client certificate' },
  'certificates.taken': {
    status: 409,
    zh: '该证书已绑定；一个证书只能代表一个设备、网关或接入密钥',
    en: 'This certificate is bound already; it can stand for one thing, edge or access key only',
  },
  'samples.invalid': { status: 400, zh: '样本数据有误', en: 'The samples are not valid' },
  'samples.not-yours': { status: 403, zh: '该密钥不能写入这些点位', en: 'This key may not write these points' },
  'samples.unavailable': {
    status: 503,
    zh: '日志暂时不能写入，请稍后重发',
    en: 'The log cannot be written now; send again later',
  },
  'readings.too-much': { status: 400, zh: '查询范围过大', en: 'The query asks for too much' },
  'readings.wrong-type': {
    status: 400,
    zh: '该函数不适用于此类型的数据',
    en: 'This function has no meaning for values of this type',
  },
  'readings.count-changed': {
    status: 409,
    zh: '数据条数已变化，请重新确认',
    en: 'The number of samples has changed; confirm again',
  },
  'jobs.not-found': { status: 404, zh: '没有这个任务', en: 'There is no such job' },
  'jobs.too-many': { status: 409, zh: '等待中的任务过多', en: 'Too many jobs are waiting' },
  'imports.invalid': { status: 400, zh: '文件内容有误', en: 'The file is not valid' },
  'readings.damaged': {
    status: 500,
    zh: '时序库中这段数据的文件已损坏，无法读取；请从备份恢复',
    en: 'Files of the telemetry store that hold this data are damaged; restore it from a backup',
  },
  'readings.unavailable': { status: 503, zh: '时序库暂时不可用', en: 'The telemetry store is not available now' },
  'backup.running': { status: 409, zh: '已有备份正在进行', en: 'A backup is under way' },
  'backup.target': { status: 409, zh: '备份目标不可用', en: 'The backup cannot be written there' },
  'backup.unsupported': {
    status: 409,
    zh: '业务数据、日志或时序库位于独立的数据库服务器，请使用其自带的备份工具',
    en: 'Records, log or telemetry are in a database server: back it up with its own tools',
  },
  'metrics.denied': {
    status: 403,
    zh: '无权读取运行指标，请检查设置 LUBAN_METRICS',
    en: 'The metrics are not for you: see the setting LUBAN_METRICS',
  },
  'records.unavailable': {
    status: 503,
    zh: '平台的记录库暂时不可用，请稍后重试',
    en: 'The records cannot be reached now; try again later',
  },
  'server.fault': { status: 500, zh: '平台内部错误', en: 'The platform failed' },
} as const satisfies Record<string, LocalText & { status: number }>;

export type ErrorCode = keyof typeof codes;

/** An expected refusal of a request: becomes a problem+json answer. `detail` says what and how to mend it. */
export class Refusal extends Error {
  readonly code: ErrorCode;
  readonly errors: { pointer: string; message: string }[] | undefined;
  constructor(
    code: ErrorCode,
    detail?: string,
    errors?: { pointer: string; message: string }[],
    options?: { cause: unknown },
  ) {
    super(detail ?? codes[code].en, options);
    this.code = code;
    this.errors = errors;
  }
}

export function errorText(code: ErrorCode): LocalText & { status: number } {
  return codes[code];
}
