import type { GuestHalf } from '../../../spi/guest.ts';
import { configure } from './configure.ts';
import * as databases from './databases.ts';
import { initialise } from './initialise.ts';
import * as parameters from './parameters.ts';
import { probe } from './probe.ts';
import { repair } from './repair.ts';
import { check as checkSize } from './resize.ts';
import * as root from './root.ts';
import { start, stop } from './run-state.ts';
import { rotate } from './tls.ts';
import { check as checkUpgrade } from './upgrade/check.ts';
import { finish } from './upgrade/finish.ts';
import { run } from './upgrade/run.ts';
import * as users from './users.ts';

export const guest: GuestHalf = {
  initialise, start, stop, probe, configure, repair,
  tls: { rotate },
  databases: { list: databases.list, create: databases.create, delete: databases.remove },
  users: { list: users.list, create: users.create, update: users.update, delete: users.remove },
  grants: { grant: users.grant, revoke: users.revoke },
  configuration: { describe: parameters.describe, read: parameters.read },
  resize: { check: checkSize },
  upgrade: { check: checkUpgrade, run, finish },
  root: { enable: root.enable, disable: root.disable, isEnabled: root.isEnabled },
};
