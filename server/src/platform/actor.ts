import type { EdgeId, Permission, Role, TenantId, ThingId, UserId } from '@luban/contracts';

/** Who asks, once a door has recognised them. Everything below a door gets the tenant from here and from nowhere else. */
export type Actor =
  | {
      readonly kind: 'user';
      readonly tenant: TenantId;
      readonly tenantNumber: number;
      readonly user: UserId;
      readonly role: Role;
    }
  | {
      readonly kind: 'thing';
      readonly tenant: TenantId;
      readonly tenantNumber: number;
      readonly thing: ThingId;
      /** As a sender of samples. */
      readonly number: number;
    }
  | { readonly kind: 'edge'; readonly tenant: TenantId; readonly tenantNumber: number; readonly edge: EdgeId };

/**
 * What a route needs: a permission, any signed-in user, nothing (`public`, for the few doors before sign-in), or
 * `operator`: to come through the operator's door, which only the platform's own user on this machine can open.
 */
export type Need = Permission | 'signed-in' | 'public' | 'operator';
