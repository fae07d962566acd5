import type { Message } from '../session/message.ts';

interface Node {
  readonly children: Map<string, Node>;
  message: Message | undefined;
}

function makeNode(): Node {
  return { children: new Map(), message: undefined };
}

/** The retained messages of one tenant: one for each topic. */
export class RetainedMessages {
  readonly #root = makeNode();
  #count = 0;

  get count(): number {
    return this.#count;
  }

  get(topic: string): Message | undefined {
    let node: Node | undefined = this.#root;
    for (const level of topic.split('/')) node = node?.children.get(level);
    return node?.message;
  }

  /** Returns what was there before. */
  set(topic: string, message: Message | undefined): Message | undefined {
    const path: [Node, string][] = [];
    let node = this.#root;
    for (const level of topic.split('/')) {
      let child = node.children.get(level);
      if (child === undefined) {
        if (message === undefined) return undefined;
        child = makeNode();
        node.children.set(level, child);
      }
      path.push([node, level]);
      node = child;
    }
    const before = node.message;
    node.message = message;
    this.#count += (message === undefined ? 0 : 1) - (before === undefined ? 0 : 1);
    for (let at = path.length - 1; at >= 0 && node.message === undefined && node.children.size === 0; at--) {
      const [parent, level] = path[at]!;
      parent.children.delete(level);
      node = parent;
    }
    return before;
  }

  /** Those that a filter (without a share) matches. */
  matching(filter: string): Message[] {
    const found: Message[] = [];
    collect(this.#root, filter.split('/'), 0, found);
    return found;
  }

  *all(): Iterable<Message> {
    const open = [this.#root];
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      if (node.message !== undefined) yield node.message;
      for (const child of node.children.values()) open.push(child);
    }
  }
}

function collect(node: Node, levels: readonly string[], depth: number, found: Message[]): void {
  const level = levels[depth];
  if (level === undefined) {
    if (node.message !== undefined) found.push(node.message);
  } else if (level === '#') collectAll(node, depth === 0, found);
  else if (level === '+') {
    for (const [name, child] of node.children)
      if (depth > 0 || !name.startsWith('$')) collect(child, levels, depth + 1, found);
  } else {
    const child = node.children.get(level);
    if (child !== undefined) collect(child, levels, depth + 1, found);
  }
}

/** Wildcards at the beginning do not match topics of `$`. */
function collectAll(node: Node, top: boolean, found: Message[]): void {
  if (node.message !== undefined) found.push(node.message);
  for (const [name, child] of node.children) if (!top || !name.startsWith('$')) collectAll(child, false, found);
}
