/** Deeper JSON than this is an attack on whatever walks it recursively; no word of the product nests deeper than ten. */
export const maxJsonDepth = 64;

/** Parses JSON from outside. Throws SyntaxError for what is not JSON and for nesting beyond `maxJsonDepth`. */
export function parseJson(text: string): unknown {
  checkDepth(text);
  return JSON.parse(text);
}

/** One pass over the text before any parser sees it: brackets in strings do not count. */
export function checkDepth(text: string): void {
  if (hasFewBrackets(text)) return;
  let depth = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (inString) {
      if (code === 0x5c) i++;
      else if (code === 0x22) inString = false;
    } else if (code === 0x22) inString = true;
    else if (code === 0x5b || code === 0x7b) {
      if (++depth > maxJsonDepth) throw new SyntaxError(`the JSON is nested deeper than ${maxJsonDepth} levels`);
    } else if (code === 0x5d || code === 0x7d) depth--;
  }
}

/** What has no more opening brackets than levels, in strings or not, cannot be too deep: most that is sent. */
function hasFewBrackets(text: string): boolean {
  let left = maxJsonDepth;
  for (const bracket of ['{', '['])
    for (let at = text.indexOf(bracket); at >= 0; at = text.indexOf(bracket, at + 1)) if (--left < 0) return false;
  return true;
}
