/** The commands of an upgrade: the plugin's methods, with a copy of the data to go back to around them. */
import type { AgentBoot } from '../../kernel/guest-record.ts';
import type { NamedBuild as WireBuild } from '../../proto/generated/coffer/agent/v1/agent.ts';
import { type Finding, type GuestContext, GuestFault, type GuestHalf, type NamedBuild } from '../../strategies/spi/guest.ts';
import type { ValueSet } from '../configuration/value-set.ts';
import type { StateKeeper } from '../state/agent-state.ts';
import { killLeftovers } from '../supervisor/leftovers.ts';
import { dropKept, isKept, keepData, lookAtRoom, putBack, putBackCopy, roomProblem, spareBytes, type UpgradeRoom } from './kept.ts';

export type { UpgradeRoom } from './kept.ts';

export interface Upgrading {
  check(ctx: GuestContext, order: { to?: WireBuild | undefined }): Promise<{ findings: Finding[]; upgradeRoom: UpgradeRoom }>;
  keep(ctx: GuestContext): Promise<void>;
  run(ctx: GuestContext, order: { from?: WireBuild | undefined }, isRepeat: boolean): Promise<void>;
  finish(ctx: GuestContext, order: { from?: WireBuild | undefined }): Promise<void>;
  revert(ctx: GuestContext, order: { other?: WireBuild | undefined }): Promise<void>;
  drop(ctx: GuestContext): Promise<void>;
}

/** `look` is another in tests of full disks. */
export function createUpgrading({ boot, guest, state, look = lookAtRoom }: { boot: AgentBoot; guest: GuestHalf; state: StateKeeper; look?: typeof lookAtRoom }): Upgrading {
  const plugin = (): NonNullable<GuestHalf['upgrade']> => {
    if (!guest.upgrade) throw new Error('The capability of this command is absent');
    return guest.upgrade;
  };
  /** Where agent and engine are one user, programs of a build are known by their place. */
  const killAll = async (other: NamedBuild): Promise<void> => {
    await killLeftovers(boot);
    await killLeftovers({ ...boot, build: { ...boot.build, bin: other.bin } });
  };
  /** The files are those of another build: they are written anew, and no other values are known to work with it than these. */
  const forgetFiles = (good: ValueSet | null): Promise<void> => state.update({ filesHold: null, startedWith: null, good, rejected: null });

  return {
    async check(ctx, { to }) {
      const upgradeRoom = await look(ctx);
      const room = roomFindings(upgradeRoom);
      // A plugin works on the volume too, and would fail there in words of its own.
      if (upgradeRoom.freeBytes < spareBytes) return { findings: room, upgradeRoom };
      ctx.progress(0.1, 'asking the engine');
      return { findings: [...room, ...(await plugin().check(ctx, namedBuild(to)))], upgradeRoom };
    },
    async keep(ctx) {
      requireStopped(ctx);
      await ctx.engine.killLeftovers();
      await state.update({ keptGood: state.current().good });
      await keepData(ctx);
    },
    async run(ctx, order, isRepeat) {
      requireStopped(ctx);
      const from = namedBuild(order.from);
      await killAll(from);
      if (isRepeat) {
        ctx.progress(0.05, 'putting the data back as they were');
        await putBackCopy(ctx);
      }
      await forgetFiles(null);
      ctx.progress(0.1, 'bringing the data to the new version');
      await plugin().run(ctx, from);
    },
    finish: (ctx, { from }) => plugin().finish(ctx, namedBuild(from)),
    async revert(ctx, order) {
      requireStopped(ctx);
      await killAll(namedBuild(order.other));
      // First: cut off in between, a repeat finds the copy and does both again.
      if (isKept(ctx)) await forgetFiles(state.current().keptGood);
      await putBack(ctx);
    },
    async drop(ctx) {
      await dropKept(ctx);
      await state.update({ keptGood: null });
    },
  };
}

/** What is missing is known before anything stops. */
export function roomFindings(room: UpgradeRoom): Finding[] {
  const problem = roomProblem(room);
  return problem === null ? [] : [{ severity: 'ERROR', subject: null, message: problem }];
}

function requireStopped(ctx: GuestContext): void {
  if (ctx.engine.pid() !== null) throw new GuestFault('REFUSED', 'the engine still runs; stop it first');
}

function namedBuild(build: WireBuild | undefined): NamedBuild {
  if (!build) throw new GuestFault('REFUSED', 'the command names no build');
  const { track, version, prefix, bin } = build;
  return { track, version, prefix, bin };
}
