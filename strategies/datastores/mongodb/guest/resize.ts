import type { GuestHalf } from '../../../spi/guest.ts';

/** Data lie on the volume, and the cache gives up what has no room: a smaller flavor is slower and nothing else. */
export const resize: NonNullable<GuestHalf['resize']> = { check: async () => [] };
