/**
 * The permissions that routes ask for. `public` routes need none and are few; roles that bundle permissions belong to
 * identity. One closed list, so that a mistyped permission is a compile error and never an open door.
 */
export const permissions = [
  'documents:read',
  'documents:write',
  'sources:read',
  'sources:write',
  'webhooks:read',
  'webhooks:write',
  'search:read',
  'chat:write',
  'chat:read',
  'system:read',
  'system:write',
] as const;

export type Permission = (typeof permissions)[number];

/** Who is asking: made by identity from a credential, checked by the HTTP shell, passed down to services. */
export type Caller = {
  organizationId: string;
  /** The session or credential id that acted; goes to logs. */
  subjectId: string;
  permissions: ReadonlySet<Permission>;
};
