export { createIdentity, type Identity, isOperator, type Organization, sessionCookie } from './identity.ts';
export { identityRoutes } from './routes.ts';
export type { IdentityTables } from './store.ts';
