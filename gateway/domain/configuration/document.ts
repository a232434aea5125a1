import type { StoredValue } from './values.ts';

/** A configuration group with the values of its newest revision. Times are RFC 3339 in UTC. */
export interface ConfigurationDoc {
  id: string; projectId: string; name: string; description: string | null;
  datastore: string; track: string; versionId: string;
  revision: number;
  values: StoredValue[];
  createdAt: string; updatedAt: string; deletedAt: string | null;
}
export type RevisionChange = 'CREATED' | 'PATCHED' | 'REPLACED' | 'RESTORED' | 'CLONED';
export interface RevisionDoc {
  revision: number; values: StoredValue[]; actor: string; at: string; change: RevisionChange;
  /** what it was taken from: `<group>/<revision>`, or an instance */
  origin: string | null;
}
/** An instance of a group. */
export interface AttachmentDoc {
  configurationId: string; instanceId: string;
  /** of the group, that it is to run */
  revision: number;
  /** what its engine's files hold, as last reported; null: no group, or not known */
  applied: { id: string; revision: number } | null;
  /** parameters that wait for a restart */
  restartRequired: string[];
  /** the last that was done to the instance's configuration; null once that is forgotten */
  operationId: string | null;
}
