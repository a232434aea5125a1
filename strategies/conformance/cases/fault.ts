/**
 * Each method while something else goes wrong: its command comes twice, its deadline passes in its middle, the engine is
 * killed in its middle, the engine does not answer, the disk is full. It may fail; it ends, and a repeat ends well.
 */
import { randomBytes } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { answeredFields } from '../../graphql-additions.ts';
import { answerProblems } from '../addition-answers.ts';
import type { ConformanceFixture } from '../fixture.ts';
import type { CallOptions, GuestHarness, GuestMethod } from '../harness.ts';
import { expectKept, freshName, settled, useSession } from './session.ts';
import { tellStories, type Story } from './stories.ts';

/** What the agent gives a method to end by itself once its deadline has passed. */
const graceMs = 5_000;
const shortestMs = 10;
const silentDeadlineMs = 1_500;
/** Engines wait for room, some for ever. */
const fullTimeoutMs = 10_000;
const mib = 1024 ** 2;
const late = 'it goes on after its deadline';

/** Resolves however it ended. */
const ended = (promise: Promise<unknown>): Promise<void> => promise.then(() => {}, () => {});

export function faultCases(fixture: ConformanceFixture): void {
  const { manifest } = fixture.plugin;
  const hasUsers = manifest.capabilities.includes('USERS');

  describe('while something goes wrong', () => {
    const session = useSession(fixture, { prepared: true });
    const call: typeof session.harness.call = (...args) => session.harness.call(...args);
    const measure = async <M extends GuestMethod>(story: Story<M>): Promise<number> => {
      const { args } = await story.prepare();
      const since = performance.now();
      await call(story.method, args);
      return performance.now() - since;
    };
    /** Whether it ended in time; the engine answers again in any case. */
    const isOverWhileSilent = async (work: () => Promise<unknown>): Promise<boolean> => {
      await session.harness.signalEngine('SIGSTOP');
      const isOver = await Promise.race([ended(work()).then(() => true), delay(silentDeadlineMs + graceMs, false, { ref: false })]);
      await session.harness.signalEngine('SIGCONT');
      return isOver;
    };

    tellStories(fixture, session, (title, isPossible, story) => {
      it.runIf(isPossible)(`${title} (${story.method}), asked twice by the same operation`, async () => {
        await call('start', []);
        const { args, check } = await story.prepare();
        const operationId = `op_twice_${story.method}`;
        await call(story.method, args, { operationId });
        await settled(call(story.method, args, { operationId }));
        await check();
      });
      it.runIf(isPossible)(`${title} (${story.method}), its deadline passing in the middle`, async () => {
        await call('start', []);
        const timeoutMs = Math.max(shortestMs, Math.round((await measure(story)) / 2));
        await call('start', []);
        const { args, check } = await story.prepare();
        const operationId = `op_late_${story.method}`;
        const since = performance.now();
        await ended(call(story.method, args, { operationId, timeoutMs }));
        expect(performance.now() - since, late).toBeLessThan(timeoutMs + graceMs);
        await settled(call(story.method, args, { operationId }));
        await check();
      });
      it.runIf(isPossible)(`${title} (${story.method}), the engine killed meanwhile`, async () => {
        await call('start', []);
        const tookMs = await measure(story);
        await call('start', []);
        const { args, check } = await story.prepare();
        const operationId = `op_killed_${story.method}`;
        const running = ended(call(story.method, args, { operationId }));
        await new Promise((resolve) => { setTimeout(resolve, tookMs / 2); });
        await ended(session.harness.signalEngine('SIGKILL'));
        await running;
        if (story.method !== 'stop') await call('start', []);
        await settled(call(story.method, args, { operationId }));
        await check();
      });
    });

    it.runIf(hasUsers)('a call to an engine that does not answer ends at its deadline, and works when it answers again', async () => {
      await call('start', []);
      await session.makeRoom();
      const user = { name: freshName('silent'), password: session.password(), grants: [fixture.samples.usual(session.database)] };
      expect(await isOverWhileSilent(() => call('users.create', [user], { operationId: 'op_silent', timeoutMs: silentDeadlineMs })), late).toBe(true);
      await call('users.create', [user], { operationId: 'op_silent' });
      await session.client.write({ user: user.name, password: user.password, database: session.database }, freshName('word'), 'x');
    });
    it.each(answeredFields(manifest))('a field of the API (graphql.fields.%s) of an engine that does not answer ends at its deadline, and is answered when it answers again', async (field) => {
      await call('start', []);
      const ask = (options?: CallOptions): Promise<unknown> => call(`graphql.fields.${field}`, [fixture.samples.graphql?.fields?.[field] ?? {}], options);
      expect(await isOverWhileSilent(() => ask({ timeoutMs: silentDeadlineMs })), late).toBe(true);
      expect(answerProblems(manifest, field, await ask())).toEqual([]);
    });
  });

  it.runIf(fixture.smallVolumeMb !== undefined && hasUsers)('with a full disk calls end, data stays, and all is well once there is room', async ({ skip }) => {
    const harness = await fixture.createHarness({ volumeBytes: (fixture.smallVolumeMb ?? 0) * mib });
    try {
      if (harness.facts.volumeBytes === null) skip('no volume of a given size can be made here');
      for (const method of ['initialise', 'configure', 'start'] as const) await harness.call(method, []);
      const client = fixture.client(harness.facts);
      const database = fixture.samples.databases[0] ?? null;
      if (database) await harness.call('databases.create', [database]);
      const user = (name: string) => ({ name, password: `Kit-${randomBytes(9).toString('base64url')}`, grants: [fixture.samples.usual(database?.name ?? null)] });
      const [before, during] = [user('before'), user('during')];
      await harness.call('users.create', [before]);
      const login = { user: before.name, password: before.password, database: database?.name ?? null };
      await client.write(login, 'kept', 'yes');
      const filler = await fill(harness);
      await ended(harness.call('users.create', [during], { operationId: 'op_full', timeoutMs: fullTimeoutMs }));
      await ended(harness.call('stop', ['orderly'], { timeoutMs: fullTimeoutMs }));
      await rm(filler);
      await harness.call('start', []);
      await harness.call('users.create', [during], { operationId: 'op_full' });
      await expectKept(fixture, client, { login, name: 'kept', value: 'yes', ended: true });
      await client.write({ ...login, user: during.name, password: during.password }, 'after', 'yes');
    } finally {
      await harness.dispose();
    }
  });
}

/** Beside the data: until nothing more can be written. */
async function fill({ facts }: GuestHarness): Promise<string> {
  const path = join(dirname(facts.paths.data), 'filler');
  const block = Buffer.alloc(mib);
  await using file = await open(path, 'w');
  for (let size = block.length; size >= 1;) {
    const written = await file.write(block, 0, size).then(({ bytesWritten }) => bytesWritten, () => 0);
    if (written < size) size = Math.floor(size / 2);
  }
  return path;
}
