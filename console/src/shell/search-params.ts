/** Addresses as people would write them: plain `key=value`, commas and colons readable; every value is a string. */
export function parseSearch(text: string): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(text));
}
export function stringifySearch(search: Record<string, unknown>): string {
  const fields = Object.entries(search).filter(([, value]) => value !== undefined && value !== null && value !== '');
  if (fields.length === 0) return '';
  const text = new URLSearchParams(fields.map(([key, value]) => [key, String(value)])).toString();
  return `?${text.replaceAll('%2C', ',').replaceAll('%3A', ':')}`;
}
