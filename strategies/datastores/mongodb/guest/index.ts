import type { GuestHalf } from '../../../spi/guest.ts';
import { configure } from './configure.ts';
import { databases } from './databases.ts';
import { describe } from './describe.ts';
import { initialise } from './initialise.ts';
import { readParameters } from './parameters.ts';
import { probe } from './probe.ts';
import { repair } from './repair.ts';
import { resize } from './resize.ts';
import { root } from './root.ts';
import { start, stop } from './run-state.ts';
import { rotate } from './tls.ts';
import { upgrade } from './upgrade.ts';
import { grants, users } from './users.ts';

export const guest: GuestHalf = {
  initialise, start, stop, probe, configure, repair,
  tls: { rotate },
  databases, users, grants, root, resize, upgrade,
  configuration: { describe, read: readParameters },
};
