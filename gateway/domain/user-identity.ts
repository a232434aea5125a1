/**
 * Who a user inside an engine is. A name is not enough where the engine tells users apart by the host they come from or
 * by the database they log in at: the same name there is somebody else.
 */
export interface UserIdentity { name: string; host: string | null; authDatabase: string | null }
/** As people give it, as engines answer it, and as earlier releases wrote it down. */
export interface GivenIdentity { name: string; host?: string | null | undefined; authDatabase?: string | null | undefined }

export const identityOf = ({ name, host, authDatabase }: GivenIdentity): UserIdentity => ({ name, host: host ?? null, authDatabase: authDatabase ?? null });

/** Equal for the same user and for nobody else, whatever is in the names. Lists are ordered by it. */
export const identityKey = ({ name, host, authDatabase }: GivenIdentity): string => JSON.stringify([name, host ?? null, authDatabase ?? null]);

/** For messages. */
export const identityLabel = ({ name, host, authDatabase }: GivenIdentity): string => `${name}${host ? `@${host}` : ''}${authDatabase ? ` of ${authDatabase}` : ''}`;
