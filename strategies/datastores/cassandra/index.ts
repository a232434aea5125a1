import { definePlugin } from '../../spi/datastore.ts';
import { control } from './control.ts';
import { manifest } from './manifest.ts';

export default definePlugin({
  manifest,
  control,
  guest: async () => (await import('./guest/index.ts')).guest,
  client: async () => (await import('./client.ts')).client,
});
