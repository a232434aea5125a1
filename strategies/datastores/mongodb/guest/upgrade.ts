/**
 * Another build of the same version reads the data as they are. What matters is that they are in that version's form, that
 * the new build takes what it will be started with, and that the former one ended in order.
 */
import { join } from 'node:path';
import { GuestFault, type GuestHalf } from '../../../spi/guest.ts';
import { adminDatabase } from '../names.ts';
import { wholeTrialSettings } from './config-file.ts';
import { textOf } from './files.ts';
import { type Admin, withManagement } from './management.ts';
import { namedIn, trySettings } from './trial.ts';
import { buildFindings, type Compatibility, compatibilityFindings, type Member, memberFindings, settingFindings } from './upgrade-findings.ts';

export const upgrade: NonNullable<GuestHalf['upgrade']> = {
  async check(ctx, to) {
    const { compatibility, members } = await withManagement(ctx, look);
    const words = await trySettings(ctx, to.bin, wholeTrialSettings(ctx));
    return [
      ...buildFindings(ctx.version, to), ...compatibilityFindings(compatibility, ctx.track), ...memberFindings(members),
      ...settingFindings(words, words && namedIn(words, Object.keys(ctx.parameters)), to),
    ];
  },
  /** One that was killed left a journal, which is for the build that wrote it: the way back starts that. */
  async run(ctx, from) {
    if (await textOf(join(ctx.paths.data, lockFile))) throw new GuestFault('FAILED', `MongoDB ${from.version} did not end in order, and what its journal has is for that build to recover. Try again when it runs and has less to do`);
  },
  /** `featureCompatibilityVersion` is the version's, and the version is the same. */
  async finish() { /* accounts and roles are seen to by every start */ },
};

/** Has the server's pid while it runs, and is empty once it has ended in order. */
const lockFile = 'mongod.lock';

async function look(admin: Admin): Promise<{ compatibility: Compatibility; members: Member[] }> {
  const told = await admin.run(adminDatabase, { getParameter: 1, featureCompatibilityVersion: 1 });
  const status = await admin.run(adminDatabase, { replSetGetStatus: 1 });
  return { compatibility: told['featureCompatibilityVersion'] as Compatibility, members: status['members'] as Member[] };
}
