import type { GuestHalf } from '../../../spi/guest.ts';
import { configure } from './configure.ts';
import * as databases from './databases.ts';
import type { Dialect } from './dialect.ts';
import { initialise } from './initialise.ts';
import { read } from './parameters.ts';
import { probe } from './probe.ts';
import { repair } from './repair.ts';
import { check } from './resize.ts';
import * as root from './root.ts';
import { start, stop } from './run-state.ts';
import { rotate } from './tls.ts';
import { createUpgrade } from './upgrade.ts';
import * as users from './users.ts';

/** A guest half of an engine of the family. */
export const createGuest = (dialect: Dialect): GuestHalf => ({
  initialise: (ctx) => initialise(ctx, dialect),
  start: (ctx) => start(ctx, dialect),
  stop,
  probe: (ctx) => probe(ctx, dialect),
  configure: (ctx) => configure(ctx, dialect),
  repair: (ctx) => repair(ctx, dialect),
  tls: { rotate: (ctx) => rotate(ctx, dialect) },
  databases: {
    list: (ctx) => databases.list(ctx, dialect),
    create: (ctx, database) => databases.create(ctx, dialect, database),
    delete: (ctx, name) => databases.remove(ctx, dialect, name),
  },
  users: {
    list: (ctx) => users.list(ctx, dialect),
    create: (ctx, user) => users.create(ctx, dialect, user),
    update: (ctx, user, change) => users.update(ctx, dialect, user, change),
    delete: (ctx, user) => users.remove(ctx, dialect, user),
  },
  grants: {
    grant: (ctx, user, grants) => users.grant(ctx, dialect, user, grants),
    revoke: (ctx, user, names) => users.revoke(ctx, dialect, user, names),
  },
  resize: { check: (ctx, to) => check(ctx, dialect, to) },
  configuration: {
    describe: (ctx) => dialect.describe(ctx),
    read: (ctx) => read(ctx, dialect),
  },
  upgrade: createUpgrade(dialect),
  root: {
    enable: (ctx, password) => root.enable(ctx, dialect, password),
    disable: (ctx) => root.disable(ctx, dialect),
    isEnabled: (ctx) => root.isEnabled(ctx, dialect),
  },
});
