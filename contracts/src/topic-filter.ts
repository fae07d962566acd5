import { z } from 'zod';
import type { LocalText } from './text.ts';

/** Where a filter names the client's own identifier: `plant/%c/state`. */
const clientIdMark = '%c';
const maxFilterLength = 256;
/** The platform's own topics. No access key reaches anything below it. */
export const platformTopics = 'luban';

/** What is wrong with an MQTT topic filter (with `+`, `#`, `%c`) of an access key, for people; null: nothing. */
export function topicFilterFault(filter: string): LocalText | null {
  if (filter === '') return { zh: '主题不能为空', en: 'A topic cannot be empty' };
  if (filter.length > maxFilterLength)
    return { zh: `最多 ${maxFilterLength} 个字符`, en: `At most ${maxFilterLength} characters` };
  if (hasForbiddenCharacter(filter))
    return { zh: '不能含有控制字符', en: 'Control characters are not allowed in a topic' };
  const levels = filter.split('/');
  if (levels[0]!.startsWith('$'))
    return { zh: '以 $ 开头的主题属于平台', en: 'Topics that start with $ belong to the platform' };
  if (levels[0] === platformTopics)
    return {
      zh: `${platformTopics}/ 下的主题属于平台，接入密钥不可用`,
      en: `Topics below ${platformTopics}/ belong to the platform; no access key reaches them`,
    };
  if (levels.slice(0, -1).some((level) => level.includes('#')))
    return { zh: '# 只能是最后一级，例如 plant/#', en: '# can only be the last level, as in plant/#' };
  for (const level of levels) {
    if (level.length > 1 && level.includes('#'))
      return { zh: '# 必须独占一级，例如 plant/#', en: '# must be a whole level, as in plant/#' };
    if (level.length > 1 && level.includes('+'))
      return { zh: '+ 必须独占一级，例如 plant/+/state', en: '+ must be a whole level, as in plant/+/state' };
  }
  return null;
}

export const topicFilter = z
  .string()
  .superRefine((filter, context) => {
    const fault = topicFilterFault(filter);
    if (fault !== null) context.addIssue({ code: 'custom', message: `${fault.en} · ${fault.zh}` });
  })
  .meta({ examples: ['plant/+/state', 'mes/orders/#', 'clients/%c/#'] });

/** The filter for one client. Null for a client whose identifier cannot stand in a topic: it would change the filter. */
export function filterForClient(filter: string, clientId: string): string | null {
  if (!filter.includes(clientIdMark)) return filter;
  const fits =
    clientId !== '' &&
    clientId.length <= maxFilterLength &&
    !/[/+#]/.test(clientId) &&
    !hasForbiddenCharacter(clientId);
  const made = filter.replaceAll(clientIdMark, () => clientId);
  return fits && !made.startsWith('$') ? made : null;
}

/**
 * Does `outer` match every topic that `inner` matches? Then whoever may use `outer` may use `inner`. A topic is a filter
 * that matches itself alone, so this also says whether a filter matches a topic: as MQTT has it, where `#` and `+` in
 * front leave out topics of `$`.
 */
export function filterContains(outer: string, inner: string): boolean {
  const held = outer.split('/');
  const asked = inner.split('/');
  if (asked[0]!.startsWith('$') && (held[0] === '#' || held[0] === '+')) return false;
  // Every topic has a first level, so +/# names just what # names.
  if (held[0] === '+' && held[1] === '#' && asked[0] === '#') return true;
  for (let i = 0; i < held.length; i++) {
    const level = held[i];
    if (level === '#') return true;
    const wanted = asked[i];
    // plant/# names plant as well.
    if (wanted === undefined || wanted === '#') return false;
    if (level !== '+' && level !== wanted) return false;
    if (i === asked.length - 1 && held.length === i + 2 && held[i + 1] === '#') return true;
  }
  return held.length === asked.length;
}

function hasForbiddenCharacter(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 32 || (code >= 127 && code < 160)) return true;
  }
  return /\p{Surrogate}/u.test(text);
}
