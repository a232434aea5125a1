import type { ClientHalf } from './client.ts';
import type { ControlHalf } from './control.ts';
import type { GuestHalf } from './guest.ts';
import type { Manifest } from './manifest.ts';

/**
 * A datastore: one object, four parts. Manifest and control half are loaded by the gateway; the guest half only by the
 * agent next to the engine; the client half only by a short-lived process.
 */
export interface DatastorePlugin {
  manifest: Manifest;
  control: ControlHalf;
  guest: () => Promise<GuestHalf>;
  client: () => Promise<ClientHalf>;
}
export const definePlugin = (plugin: DatastorePlugin): DatastorePlugin => plugin;
