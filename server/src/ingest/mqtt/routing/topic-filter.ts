/** A subscription's filter, taken apart. */
export interface TopicFilter {
  /** As the client wrote it: the name of the subscription. */
  readonly whole: string;
  /** Without `$share/group/`. */
  readonly filter: string;
  /** The share's name. */
  readonly group: string | undefined;
}

/** Deeper topics are refused: walking a tree of them would cost everybody. */
const MAX_LEVELS = 201;

/** Undefined when it is no filter that is taken: not well formed, a share without a name or a filter, too deep. */
export function parseFilter(whole: string): TopicFilter | undefined {
  if (!whole.startsWith('$share/')) return isFilter(whole) ? { whole, filter: whole, group: undefined } : undefined;
  const end = whole.indexOf('/', 7);
  if (end < 0) return undefined;
  const group = whole.slice(7, end);
  const filter = whole.slice(end + 1);
  if (group === '' || /[+#]/.test(group) || !isFilter(filter)) return undefined;
  return { whole, filter, group };
}

function isFilter(filter: string): boolean {
  return isWellFormed(filter) && !tooDeep(filter);
}

/** There is something, wildcards stand alone in their level, and # at the end. */
export function isWellFormed(filter: string): boolean {
  const levels = filter.split('/');
  if (filter === '') return false;
  return levels.every((level, i) => {
    if (level === '#') return i === levels.length - 1;
    return level === '+' || !(level.includes('#') || level.includes('+'));
  });
}

export function tooDeep(topic: string): boolean {
  if (topic.length < MAX_LEVELS) return false;
  let levels = 1;
  for (let at = topic.indexOf('/'); at >= 0; at = topic.indexOf('/', at + 1)) levels++;
  return levels > MAX_LEVELS;
}

/** Does the filter (without a share) match the topic? Wildcards at the beginning do not match topics of `$`. */
export function filterMatches(filter: string, topic: string): boolean {
  const wanted = filter.split('/');
  const levels = topic.split('/');
  if (topic.startsWith('$') && (wanted[0] === '#' || wanted[0] === '+')) return false;
  for (let i = 0; i < wanted.length; i++) {
    if (wanted[i] === '#') return true;
    if (i >= levels.length || (wanted[i] !== '+' && wanted[i] !== levels[i])) return false;
  }
  return wanted.length === levels.length;
}
