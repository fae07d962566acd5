import type { ModbusTcpAddress } from '@luban/contracts';
import type { Both, Texts } from './language.tsx';

export const deviceTexts = {
  points: { zh: '点', en: 'Points' },
  bind: { zh: '绑定点', en: 'Bind points' },
  settings: { zh: '设置', en: 'Settings' },
  noBindings: { zh: '还没有绑定任何点', en: 'No point is bound yet' },
  noBindingsText: {
    zh: '说明采集设备的哪个地址是哪台设备的哪个属性，网关随即开始采集。',
    en: 'Say which address is which property of which thing; the edge then begins to collect.',
  },
  point: { zh: '点', en: 'Point' },
  address: { zh: '地址', en: 'Address' },
  value: { zh: '值', en: 'Value' },
  quality: { zh: '质量', en: 'Quality' },
  scaling: { zh: '换算', en: 'Scaling' },
  deadband: { zh: '死区', en: 'Deadband' },
  intervals: { zh: '间隔', en: 'Intervals' },
  intervalsHint: { zh: '最短与最长发送间隔', en: 'Shortest and longest time between two samples' },
  filter: { zh: '筛选点', en: 'Filter points' },
  count: { zh: (n: number) => `${n} 个点`, en: (n: number) => (n === 1 ? '1 point' : `${n} points`) },
  unbind: { zh: '解除绑定', en: 'Stop collecting' },
  unbindSure: {
    zh: '网关不再采集这个点；已存的历史保留。',
    en: 'The edge no longer collects this point; its history stays.',
  },
  oneThing: { zh: '逐台设备', en: 'One thing' },
  sheet: { zh: '从表格粘贴', en: 'From a spreadsheet' },
  thing: { zh: '设备', en: 'Thing' },
  chooseThing: { zh: '按名称或标识选择设备', en: 'Choose a thing by name or key' },
  thingFirst: { zh: '先选择一台设备', en: 'Choose a thing first' },
  thingFirstText: {
    zh: '它尚未绑定的属性会列在这里，逐个填写地址；不填的保持未绑定。',
    en: 'Its unbound properties are listed here; give an address to those that this device delivers and leave the others empty.',
  },
  allBound: { zh: '它的属性都已绑定', en: 'All its properties are bound' },
  allBoundText: {
    zh: '每个点只能由一台采集设备采集。',
    en: 'Each point is collected by one device only.',
  },
  area: { zh: '区域', en: 'Area' },
  number: { zh: '地址', en: 'Address' },
  encoding: { zh: '编码', en: 'Encoding' },
  order: { zh: '字序', en: 'Word order' },
  bitLength: { zh: '位 / 长度', en: 'Bit / length' },
  bit: { zh: '位（0–15）', en: 'Bit (0–15)' },
  length: { zh: '寄存器数', en: 'Registers' },
  nodeId: { zh: '节点 ID', en: 'Node id' },
  scale: { zh: '系数', en: 'Scale' },
  offset: { zh: '偏移', en: 'Offset' },
  minMs: { zh: '最短（毫秒）', en: 'Shortest (ms)' },
  maxMs: { zh: '最长（毫秒）', en: 'Longest (ms)' },
  fromZero: { zh: '地址从 0 起：40001 是保持寄存器 0。', en: 'Addresses count from 0: 40001 is holding 0.' },
  refineHint: {
    zh: '值 = 读数 × 系数 + 偏移。变化小于死区不发送；最短间隔内只发最后一个；最长间隔内至少发一个。',
    en: 'value = reading × scale + offset. A move below the deadband is not sent; at most one sample in the shortest interval, at least one in the longest.',
  },
  send: { zh: (n: number) => `绑定 ${n} 个点`, en: (n: number) => (n === 1 ? 'Bind 1 point' : `Bind ${n} points`) },
  bound: {
    zh: (n: number) => `已绑定 ${n} 个点，网关即将开始采集。`,
    en: (n: number) => `${n === 1 ? '1 point is' : `${n} points are`} bound; the edge begins to collect.`,
  },
  wrongRows: {
    zh: (n: number) => `${n} 行有错；全部正确后才能绑定。`,
    en: (n: number) => `${n === 1 ? '1 row is' : `${n} rows are`} wrong; all must be right before any is bound.`,
  },
  sheetLead: {
    zh: '列依次为：设备标识、属性、地址、系数、偏移、死区、最短间隔（毫秒）、最长间隔（毫秒）；地址之后的列可以省略。',
    en: 'Columns: thing key, property, address, scale, offset, deadband, shortest interval (ms), longest interval (ms); those after the address may be left out.',
  },
  sheetModbus: {
    zh: '地址写作：holding 100 float32 CDAB、input 3 int16、coil 5、holding 7.3（第 3 位）、holding 20 string len8；从 0 起，40001 写作 holding 0。',
    en: 'Addresses: holding 100 float32 CDAB, input 3 int16, coil 5, holding 7.3 (bit 3), holding 20 string len8; counted from 0, so 40001 is holding 0.',
  },
  sheetOpcUa: { zh: '地址为节点 ID，例如 ns=2;s=Press.Force。', en: 'The address is a node id: ns=2;s=Press.Force.' },
  check: { zh: '检查', en: 'Check' },
  checked: {
    zh: (good: number) => `${good} 行正确`,
    en: (good: number) => (good === 1 ? '1 row is right' : `${good} rows are right`),
  },
  line: { zh: (n: number) => `第 ${n} 行`, en: (n: number) => `Row ${n}` },
  andMore: { zh: (n: number) => `另有 ${n} 行`, en: (n: number) => `and ${n} more` },
  more: { zh: '更多设置', en: 'More settings' },
  timeout: { zh: '超时（毫秒）', en: 'Give up after (ms)' },
  maxGap: { zh: '合并间隔（寄存器）', en: 'Join reads over (registers)' },
  maxRead: { zh: '单次最多寄存器', en: 'Registers a read' },
  security: { zh: '安全策略', en: 'Security' },
  noSecurity: { zh: '无', en: 'None' },
  mode: { zh: '消息模式', en: 'Messages' },
  signAndEncrypt: { zh: '签名并加密', en: 'Signed and encrypted' },
  sign: { zh: '仅签名', en: 'Signed' },
  user: { zh: '用户名', en: 'User' },
  anonymous: { zh: '留空则匿名', en: 'Empty: anonymous' },
  password: { zh: '密码', en: 'Password' },
  passwordKept: { zh: '留空则保持不变', en: 'Empty: stays as it is' },
  thumbprint: { zh: '服务器证书指纹（SHA-1）', en: "Server certificate's thumbprint (SHA-1)" },
  thumbprintHint: {
    zh: '留空则记住首次见到的证书，之后变化即拒绝。',
    en: 'Empty: the first one seen is remembered and a later change refused.',
  },
  thumbprintWrong: { zh: '40 位十六进制数', en: '40 hexadecimal digits' },
  sampling: { zh: '采样间隔（毫秒）', en: 'Sample every (ms)' },
  publishing: { zh: '发布间隔（毫秒）', en: 'Publish every (ms)' },
  disabledText: {
    zh: '网关不采集它。启用后立即恢复。',
    en: 'The edge does not collect it. Enable it to go on at once.',
  },
  edgeAway: {
    zh: '它的网关未连接，下面是断开前的状况。',
    en: 'Its edge is not connected; below is how it was before.',
  },
  notReported: {
    zh: '网关尚未上报这台设备；新设置送达后会出现。',
    en: 'The edge has not reported this device yet; it does once the settings have reached it.',
  },
  toEdge: { zh: '查看网关', en: 'Look at the edge' },
  saved: { zh: '已保存，网关即将应用。', en: 'Saved; the edge applies it.' },
} satisfies Texts;

export const areaTexts: Record<ModbusTcpAddress['area'], Both> = {
  holding: { zh: '保持寄存器', en: 'Holding' },
  input: { zh: '输入寄存器', en: 'Input' },
  coil: { zh: '线圈', en: 'Coil' },
  discrete: { zh: '离散输入', en: 'Discrete' },
};

export const addressErrors = {
  none: { zh: '缺少地址', en: 'The address is missing' },
  nodeId: { zh: '节点 ID 形如 ns=2;s=Name', en: 'A node id looks like ns=2;s=Name' },
  noArea: {
    zh: '先写区域：holding、input、coil 或 discrete，再写从 0 起的地址（40001 写作 holding 0）',
    en: 'Begin with the area: holding, input, coil or discrete, then the address from 0 (40001 is holding 0)',
  },
  area: {
    zh: (word: string) => `不认识区域“${word}”；用 holding、input、coil 或 discrete`,
    en: (word: string) => `There is no area “${word}”; use holding, input, coil or discrete`,
  },
  number: {
    zh: (word: string) => `“${word}” 不是 0–65535 的地址`,
    en: (word: string) => `“${word}” is no address from 0 to 65535`,
  },
  word: { zh: (word: string) => `不认识“${word}”`, en: (word: string) => `“${word}” is not understood` },
  bit: { zh: '写明第几位（0–15）', en: 'Say which bit (0–15)' },
  length: { zh: '文本要写明寄存器数（1–125）', en: 'A text needs its number of registers (1–125)' },
  string: { zh: '编码与点的类型不符（文本对文本）', en: "The encoding does not fit the point's type (text to text)" },
  json: { zh: 'Modbus 不能提供 JSON', en: 'Modbus delivers no JSON' },
} satisfies Texts;

export const bindingErrors = {
  thing: {
    zh: (key: string) => `没有标识为 ${key} 的设备`,
    en: (key: string) => `There is no thing with the key ${key}`,
  },
  noThing: { zh: '缺少设备标识', en: 'The thing is missing' },
  property: {
    zh: (key: string) => `这台设备没有属性 ${key}`,
    en: (key: string) => `The thing has no property ${key}`,
  },
  taken: { zh: '这个点已经绑定', en: 'This point is bound already' },
  twice: { zh: '与前面的行重复', en: 'An earlier row has the same point' },
  number: { zh: '地址之后的列必须是数字', en: 'The columns after the address must be numbers' },
  refine: {
    zh: '死区不能为负；最短 0–86400000 毫秒；最长 1000–86400000 毫秒',
    en: 'No deadband below 0; shortest 0–86,400,000 ms; longest 1,000–86,400,000 ms',
  },
} satisfies Texts;
