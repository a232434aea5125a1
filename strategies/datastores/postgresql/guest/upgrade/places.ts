/** Where an upgrade works, beside the data on their volume; nothing of it outlives the upgrade. */
import { dirname, join } from 'node:path';
import type { GuestContext } from '../../../../spi/guest.ts';

type Places = Pick<GuestContext, 'paths'>;
export const checkFolder = ({ paths }: Places): string => join(dirname(paths.data), 'upgrade-check');
export const workFolder = ({ paths }: Places): string => join(dirname(paths.data), 'upgrade');
