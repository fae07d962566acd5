/** What a line shows of each bucket; a short time shows every sample as it is. */
export const lineKinds = ['timeMean', 'mean', 'range', 'interpolated', 'percentGood'] as const;
export type LineKind = (typeof lineKinds)[number];

export function parseLine(text: string | undefined): LineKind {
  return lineKinds.find((one) => one === text) ?? 'timeMean';
}

/** The usual line needs no word in the address. */
export function lineSearch(line: LineKind): string | undefined {
  return line === 'timeMean' ? undefined : line;
}
