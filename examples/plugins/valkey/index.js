import { definePlugin } from '@coffer/plugin-sdk';
import { control } from './control.js';
import { manifest } from './manifest.js';

export default definePlugin({
  manifest,
  control,
  guest: async () => (await import('./guest.js')).guest,
  client: async () => (await import('./client.js')).client,
});
