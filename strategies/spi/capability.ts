/** What a datastore can do. An absent optional group of the guest half is an absent capability. */
export const capabilities = ['DATABASES', 'USERS', 'GRANTS', 'ROOT', 'TLS', 'CONFIGURATION', 'RESIZE', 'UPGRADE'] as const;
export type Capability = (typeof capabilities)[number];
