import type { GuestHalf } from '../../../spi/guest.ts';
import { configure } from './configure.ts';
import { describe } from './describe.ts';
import { initialise } from './initialise.ts';
import * as keyspaces from './keyspaces.ts';
import { readParameters } from './parameters.ts';
import { probe } from './probe.ts';
import { repair } from './repair.ts';
import { resize } from './resize.ts';
import * as root from './root.ts';
import { start, stop } from './run-state.ts';
import { rotate } from './tls.ts';
import { upgrade } from './upgrade.ts';
import * as users from './users.ts';

export const guest: GuestHalf = {
  initialise, start, stop, probe, configure, repair,
  tls: { rotate },
  configuration: { describe, read: readParameters },
  databases: { list: keyspaces.list, create: keyspaces.create, delete: keyspaces.remove },
  users: { list: users.list, create: users.create, update: users.update, delete: users.remove },
  grants: { grant: users.grant, revoke: users.revoke },
  resize, upgrade,
  root: { enable: root.enable, disable: root.disable, isEnabled: root.isRootEnabled },
};
