import { createHash } from 'node:crypto';
import { type Property, property } from '@luban/contracts';
import { z } from 'zod';

const properties = z.array(property);

/** What the points of a thing are, in their order. All things with the same ones share it: it is held once a model. */
export interface PointLayout {
  readonly properties: readonly Property[];
  /** The place of the property with this key; where no key says it, of the one that the device calls so. */
  placeOf(key: string): number | undefined;
}

/** The layouts that things have, each once. */
export class PointLayouts {
  readonly #layouts = new Map<string, { readonly layout: PointLayout; users: number }>();
  readonly #digests = new Map<PointLayout, string>();

  get size(): number {
    return this.#layouts.size;
  }

  /** For one thing more. `json`: an array of properties. Throws ZodError and SyntaxError for what is none. */
  take(json: string): PointLayout {
    const digest = createHash('sha256').update(json).digest('base64');
    let shared = this.#layouts.get(digest);
    if (shared === undefined) {
      shared = { layout: createLayout(properties.parse(JSON.parse(json))), users: 0 };
      this.#layouts.set(digest, shared);
      this.#digests.set(shared.layout, digest);
    }
    shared.users++;
    return shared.layout;
  }

  /** A thing less has it; without any it is forgotten. */
  letGo(layout: PointLayout): void {
    const digest = this.#digests.get(layout)!;
    const shared = this.#layouts.get(digest)!;
    if (--shared.users > 0) return;
    this.#layouts.delete(digest);
    this.#digests.delete(layout);
  }
}

function createLayout(all: readonly Property[]): PointLayout {
  let places: Map<string, number> | undefined;
  return {
    properties: all,
    placeOf(key) {
      if (places === undefined) {
        places = new Map(all.flatMap(({ source }, place) => (source === null ? [] : [[source, place]])));
        for (const [place, one] of all.entries()) places.set(one.key, place);
      }
      return places.get(key);
    },
  };
}
