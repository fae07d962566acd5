import type { Role } from '@luban/contracts';
import type { Both, Texts } from './language.tsx';

export const usersTexts = {
  title: { zh: '用户', en: 'Users' },
  add: { zh: '添加用户', en: 'Add a user' },
  email: { zh: '邮箱', en: 'Email' },
  emailWrong: { zh: '请输入完整的邮箱地址', en: 'Enter a whole email address' },
  role: { zh: '角色', en: 'Role' },
  language: { zh: '语言', en: 'Language' },
  since: { zh: '加入于', en: 'Since' },
  password: { zh: '初始密码', en: 'First password' },
  passwordHint: {
    zh: '至少 10 个字符。请通过安全的途径告诉对方。',
    en: 'At least 10 characters. Pass it on by a safe way.',
  },
  passwordShort: { zh: '至少 10 个字符', en: 'At least 10 characters' },
  you: { zh: '你', en: 'you' },
  remove: { zh: '删除用户', en: 'Delete the user' },
  removeSure: { zh: '立即退出登录，不能再进入。', en: 'Is signed out at once and cannot come back.' },
  changed: { zh: '角色已更改', en: 'The role is changed' },
  roles: { zh: '角色能做什么', en: 'What the roles may do' },
} satisfies Texts;

export const roleMay: Record<Role, Both> = {
  owner: { zh: '一切，包括管理用户', en: 'Everything, including users' },
  engineer: { zh: '配置设备与网关，查看用户', en: 'Configure things and edges, see users' },
  operator: { zh: '查看设备、数据与网关', en: 'See things, data and edges' },
  viewer: { zh: '查看设备、数据与网关', en: 'See things, data and edges' },
};
