import type { Me } from '../kit/session.ts';

export type Role = 'customer' | 'staff' | 'organizer' | 'admin';
export const roles: readonly Role[] = ['customer', 'staff', 'organizer', 'admin'];

/** Whether somebody has one of these roles; an administrator has them all. */
export function may(me: Pick<Me, 'roles'> | undefined, ...wanted: readonly Role[]): boolean {
  if (me === undefined) return false;
  return me.roles.includes('admin') || wanted.some((role) => me.roles.includes(role));
}
