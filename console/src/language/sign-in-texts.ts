import type { Texts } from './language.tsx';

export const signInTexts = {
  title: { zh: '登录', en: 'Sign in' },
  email: { zh: '邮箱', en: 'Email' },
  password: { zh: '密码', en: 'Password' },
  submit: { zh: '登录', en: 'Sign in' },
  emailWrong: { zh: '请输入完整的邮箱地址', en: 'Enter a whole email address' },
  forgotten: { zh: '忘记密码？请联系平台的所有者。', en: 'Forgotten? Ask the owner of this platform.' },
  linkTitle: { zh: '正在通过链接登录…', en: 'Signing in by link…' },
  linkFailed: { zh: '这个登录链接不能用了', en: 'This sign-in link no longer works' },
  linkNext: {
    zh: '链接只能使用一次且会过期。请用密码登录，或在服务器上重新生成链接。',
    en: 'A link works once and expires. Sign in with a password, or make a new link on the server.',
  },
  toSignIn: { zh: '用密码登录', en: 'Sign in with a password' },
} satisfies Texts;
