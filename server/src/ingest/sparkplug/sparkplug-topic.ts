const types = ['NBIRTH', 'NDEATH', 'DBIRTH', 'DDEATH', 'NDATA', 'DDATA', 'NCMD', 'DCMD'] as const;
export type MessageType = (typeof types)[number];

/** `spBv1.0/{group}/{type}/{node}` or, with a type that starts with D, `…/{device}`. */
export interface SparkplugTopic {
  readonly group: string;
  readonly type: MessageType;
  readonly node: string;
  /** Null for the node itself. */
  readonly device: string | null;
}

export const namespace = 'spBv1.0';
const maxNameLength = 100;

/** Null when it is none: another namespace, an unknown type, too many or too few levels. */
export function readTopic(topic: string): SparkplugTopic | null {
  const [root, group, type, node, device, ...rest] = topic.split('/');
  if (root !== namespace || !group || !node || rest.length > 0) return null;
  if (!(types as readonly string[]).includes(type ?? '')) return null;
  if (type!.startsWith('D') !== (device !== undefined) || device === '') return null;
  if ([group, node, device ?? ''].some((name) => name.length > maxNameLength)) return null;
  return { group, type: type as MessageType, node, device: device ?? null };
}
