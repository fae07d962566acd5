import type { Site } from '@luban/contracts';

export interface SiteRow<Shown extends Site> {
  site: Shown;
  depth: number;
  hasChildren: boolean;
}

/** The hierarchy as rows from the top, children below their parent, each level by name. Orphans stand at the top. */
export function siteRows<Shown extends Site>(
  sites: readonly Shown[],
  closed: ReadonlySet<string> = new Set(),
): SiteRow<Shown>[] {
  const ids = new Set<string>(sites.map((site) => site.id));
  const children = new Map<string | null, Shown[]>();
  for (const site of sites) {
    const parent = site.parent !== null && ids.has(site.parent) ? site.parent : null;
    children.set(parent, [...(children.get(parent) ?? []), site]);
  }
  const rows: SiteRow<Shown>[] = [];
  const seen = new Set<string>();
  const add = (parent: string | null, depth: number) => {
    const list = (children.get(parent) ?? []).toSorted((a, b) => inOrder.compare(sortKey(a.name), sortKey(b.name)));
    for (const site of list) {
      if (seen.has(site.id)) continue;
      seen.add(site.id);
      rows.push({ site, depth, hasChildren: children.has(site.id) });
      if (!closed.has(site.id)) add(site.id, depth + 1);
    }
  };
  add(null, 0);
  return rows;
}

const inOrder = new Intl.Collator('zh', { numeric: true });
/** 一号线 comes before 二号线, as people count and not as their sounds sort. */
function sortKey(name: string): string {
  return name.replace(/[一二三四五六七八九]/g, (numeral) => String('一二三四五六七八九'.indexOf(numeral) + 1));
}

/** From the top down to this site. */
export function pathOf(sites: readonly Site[], id: string | null): Site[] {
  const path: Site[] = [];
  for (let at = id; at !== null && path.length < 10; ) {
    const site = sites.find((one) => one.id === at);
    if (site === undefined) break;
    path.unshift(site);
    at = site.parent;
  }
  return path;
}
