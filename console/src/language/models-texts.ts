import type { DataType } from '@luban/contracts';
import type { Both, Texts } from './language.tsx';

export const modelsTexts = {
  title: { zh: '物模型', en: 'Thing models' },
  lead: {
    zh: '物模型说明一类设备有哪些属性、类型和单位；按它新建的设备自动得到相应的点。',
    en: 'A thing model says which properties things of a kind have, with type and unit; a thing made from it gets its points by itself.',
  },
  add: { zh: '新建物模型', en: 'Add a thing model' },
  copy: { zh: '以此新建', en: 'Make another from it' },
  none: { zh: '还没有物模型', en: 'No thing models yet' },
  properties: { zh: '属性', en: 'Properties' },
  services: { zh: '服务', en: 'Services' },
  events: { zh: '事件', en: 'Events' },
  key: { zh: '标识', en: 'Key' },
  keyHint: {
    zh: '小写字母开头，只含小写字母、数字和 -，例如 air-compressor',
    en: 'Lower-case letters, digits and -, beginning with a letter: air-compressor',
  },
  zh: { zh: '中文名', en: 'Name in Chinese' },
  en: { zh: '英文名', en: 'Name in English' },
  oneName: { zh: '至少填一种语言；缺的一种用另一种代替。', en: 'One is enough; it then stands for both.' },
  type: { zh: '类型', en: 'Type' },
  unit: { zh: '单位', en: 'Unit' },
  noUnit: { zh: '无', en: 'none' },
  min: { zh: '下限', en: 'Lowest' },
  max: { zh: '上限', en: 'Highest' },
  range: { zh: '量程', en: 'Range' },
  decimals: { zh: '小数位', en: 'Decimals' },
  auto: { zh: '自动', en: 'auto' },
  addRow: { zh: '加一行', en: 'Add a row' },
  removeRow: { zh: '删除这一行', en: 'Delete this row' },
  paste: { zh: '从表格粘贴', en: 'Paste from a spreadsheet' },
  pasteLead: {
    zh: '从 Excel 或 WPS 复制后粘贴。列依次为：标识、中文名、英文名、类型、单位、下限、上限、小数位；后面的列可以省略。',
    en: 'Copy from a spreadsheet and paste here. Columns: key, name in Chinese, name in English, type, unit, lowest, highest, decimals; later columns may be left out.',
  },
  pasteTypes: {
    zh: '类型：number（数值）、boolean（布尔）、string（文本）、json。单位写符号、名称或 UCUM 代码。',
    en: 'Types: number, boolean, string, json. Units by symbol, name or UCUM code.',
  },
  take: {
    zh: (n: number) => `加入 ${n} 个属性`,
    en: (n: number) => (n === 1 ? 'Add 1 property' : `Add ${n} properties`),
  },
  wrongRows: {
    zh: (n: number) => `${n} 个属性有错，见表中标记。`,
    en: (n: number) => (n === 1 ? '1 property is wrong; see its mark.' : `${n} properties are wrong; see their marks.`),
  },
  noProperties: { zh: '至少要有一个属性。', en: 'Give it at least one property.' },
  fixed: {
    zh: '物模型建立后不能修改；需要不同的属性时，以它为底新建一个。',
    en: 'A thing model does not change once it is made; for other properties make another from it.',
  },
} satisfies Texts;

export const propertyErrors = {
  noKey: { zh: '缺少标识', en: 'The key is missing' },
  badKey: {
    zh: '标识只含字母、数字和 _，以字母开头，各段用 . 连接，例如 spindle.speed',
    en: 'The key needs letters, digits and _, beginning with a letter, parts joined by dots: spindle.speed',
  },
  twice: { zh: (key: string) => `标识 ${key} 重复`, en: (key: string) => `The key ${key} is used twice` },
  noName: { zh: '缺少名称', en: 'The name is missing' },
  halfRange: { zh: '量程要同时有下限和上限', en: 'A range needs both its lowest and highest value' },
  badRange: { zh: '下限必须小于上限', en: 'The lowest value must be below the highest' },
  badType: { zh: (word: string) => `不认识类型“${word}”`, en: (word: string) => `There is no type “${word}”` },
  badUnit: { zh: (word: string) => `不认识单位“${word}”`, en: (word: string) => `The unit “${word}” is not known` },
  badNumber: { zh: '量程或小数位不是数字', en: 'Range or decimals are not numbers' },
  tooLong: { zh: '名称过长，或小数位不在 0–9 之间', en: 'The name is too long, or decimals are not 0–9' },
} satisfies Texts;

export const typeTexts: Record<DataType, Both> = {
  number: { zh: '数值', en: 'Number' },
  boolean: { zh: '布尔', en: 'On/off' },
  string: { zh: '文本', en: 'Text' },
  json: { zh: 'JSON', en: 'JSON' },
};
