import type { Texts } from './language.tsx';

export const setupTexts = {
  title: { zh: '开始使用鲁班', en: 'Set up Luban' },
  lead: {
    zh: '三步，大约一分钟。之后都可以更改。',
    en: 'Three steps, about a minute. All of it can be changed later.',
  },
  step: { zh: (n: number) => `第 ${n} 步，共 3 步`, en: (n: number) => `Step ${n} of 3` },
  languageStep: { zh: '语言', en: 'Language' },
  ownerStep: { zh: '所有者', en: 'Owner' },
  plantStep: { zh: '工厂', en: 'Plant' },
  ownerLead: {
    zh: '所有者可以做一切，包括添加其他用户。',
    en: 'The owner may do everything, including adding other users.',
  },
  yourName: { zh: '你的姓名', en: 'Your name' },
  email: { zh: '邮箱（用于登录）', en: 'Email (you sign in with it)' },
  emailWrong: { zh: '请输入完整的邮箱地址', en: 'Enter a whole email address' },
  password: { zh: '密码', en: 'Password' },
  passwordHint: {
    zh: '至少 10 个字符；长比复杂更安全。',
    en: 'At least 10 characters; longer beats more complicated.',
  },
  passwordShort: { zh: '至少 10 个字符', en: 'At least 10 characters' },
  plantLead: {
    zh: '时区决定页面上所有时间的显示；数据始终以 UTC 保存。',
    en: 'The zone decides how times are shown; data is always kept in UTC.',
  },
  plantName: { zh: '工厂名称', en: 'Name of the plant' },
  plantExample: { zh: '例如：苏州一厂', en: 'For example: Suzhou Works 1' },
  timeZone: { zh: '时区', en: 'Time zone' },
  demo: { zh: '装入演示工厂', en: 'Bring in the demo plant' },
  demoText: {
    zh: '一座模拟工厂，经由真实协议采集，立即看到数据流动。所有数据都标记为“模拟”，可随时删除。',
    en: 'A simulated plant, collected over real protocols, so that you see data flow at once. All of it is marked as simulated and can be deleted.',
  },
  code: { zh: '设置码', en: 'Setup code' },
  codeHint: {
    zh: '你从另一台机器访问：请输入服务器启动时在其终端打印的设置码。',
    en: 'You come from another machine: enter the code that the server printed at its start.',
  },
  back: { zh: '上一步', en: 'Back' },
  next: { zh: '下一步', en: 'Next' },
  finish: { zh: '完成并进入', en: 'Finish' },
  already: { zh: '平台已经设置完毕', en: 'This platform is already set up' },
} satisfies Texts;
