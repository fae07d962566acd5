import { z } from 'zod';
import { idSchema } from './id.ts';
import { givenName } from './text.ts';

/** The equipment hierarchy of ISA-95 (IEC 62264-1), from the top. Things stand at its leaves or anywhere above. */
export const siteLevels = ['enterprise', 'site', 'area', 'line', 'equipment'] as const;
export const siteLevel = z.enum(siteLevels);
export type SiteLevel = z.infer<typeof siteLevel>;

export const site = z.object({
  id: idSchema('site'),
  parent: idSchema('site').nullable(),
  level: siteLevel,
  name: givenName,
});
export type Site = z.infer<typeof site>;
export const newSite = site.omit({ id: true });

/** A child stands below its parent: a line may hang from an area or a site, never from an equipment. */
export function mayContain(parent: SiteLevel, child: SiteLevel): boolean {
  return siteLevels.indexOf(child) > siteLevels.indexOf(parent);
}
