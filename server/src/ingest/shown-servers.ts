import type { PageOfServers, ServerName, TenantId } from '@luban/contracts';

/** Where several tenants share the platform, what its machines are called is none of theirs: a server is its id. */
const unnamed = ({ id }: ServerName): ServerName => ({ id, name: id });

export function createShownServers(ownsPlatform: (tenant: TenantId) => Promise<boolean>) {
  const ofClient = <T extends { readonly server: ServerName | null }>(one: T): T =>
    one.server === null ? one : { ...one, server: unnamed(one.server) };
  const ofPage = <T>(page: PageOfServers<T>): PageOfServers<T> => ({
    ...page,
    notAnswering: page.notAnswering.map(unnamed),
  });

  return {
    async page<T>(tenant: TenantId, page: PageOfServers<T>): Promise<PageOfServers<T>> {
      return (await ownsPlatform(tenant)) ? page : ofPage(page);
    },
    async clients<T extends { readonly server: ServerName | null }>(
      tenant: TenantId,
      page: PageOfServers<T>,
    ): Promise<PageOfServers<T>> {
      return (await ownsPlatform(tenant)) ? page : { ...ofPage(page), items: page.items.map(ofClient) };
    },
    async client<T extends { readonly server: ServerName | null }>(tenant: TenantId, one: T): Promise<T> {
      return (await ownsPlatform(tenant)) ? one : ofClient(one);
    },
  };
}
export type ShownServers = ReturnType<typeof createShownServers>;
