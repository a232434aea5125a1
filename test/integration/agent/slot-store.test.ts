import { open, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { rotateFolder } from '../../../agent/housekeeping/log-rotation.ts';
import { entryLimitBytes, openSlotStore, slotBytes, slotCount } from '../../../agent/state/slot-store.ts';

let folder: string;
beforeEach(async () => { folder = await mkdtemp(join(tmpdir(), 'coffer-slots-')); });
afterEach(async () => { await rm(folder, { recursive: true, force: true }); });
const path = (): string => join(folder, 'slots');

describe('the slot store', () => {
  it('keeps the newest value of every key', async () => {
    await fc.assert(fc.asyncProperty(fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.json()), { minLength: 1, maxLength: 60 }), async (writes) => {
      await rm(path(), { force: true });
      const store = await openSlotStore(path());
      await Promise.all(writes.map(([key, value]) => store.put(key, value)));
      await store.close();
      const again = await openSlotStore(path());
      for (const [key, value] of new Map(writes)) expect(again.get(key)).toBe(value);
      await again.close();
    }), { numRuns: 30 });
  });
  it('has all its space from the start and never grows', async () => {
    const store = await openSlotStore(path());
    for (let index = 0; index < 3 * slotCount; index++) await store.put('key', { index });
    await store.close();
    expect((await readFile(path())).length).toBe(slotBytes * slotCount);
  });
  it('a write torn at any byte leaves the value before it', async () => {
    const store = await openSlotStore(path());
    await store.put('key', 'old');
    const before = await readFile(path());
    await store.put('key', 'new'.repeat(50));
    await store.close();
    const after = await readFile(path());
    const changed = [...after.keys()].filter((at) => after[at] !== before[at]);
    for (const cut of changed.slice(0, -1)) {
      const torn = Buffer.from(after);
      before.copy(torn, cut + 1, cut + 1);
      await writeFile(path(), torn);
      const again = await openSlotStore(path());
      expect(again.get('key')).toBe('old');
      await again.close();
    }
  });
  it('what was forgotten and replaced does not come back', async () => {
    const store = await openSlotStore(path());
    await store.put('gone', 1);
    await store.put('gone', 2);
    store.forget(['gone']);
    for (let index = 0; index < slotCount; index++) await store.put('other', index);
    await store.close();
    const again = await openSlotStore(path());
    expect(again.keys()).toEqual(['other']);
    await again.close();
  });
  it('says when an entry is too large or all slots are taken', async () => {
    const store = await openSlotStore(path());
    await expect(store.put('big', 'x'.repeat(entryLimitBytes))).rejects.toThrow(/at most/);
    for (let index = 0; index < slotCount; index++) await store.put(`key-${index}`, index);
    await expect(store.put('one-more', 1)).rejects.toThrow(/slots/);
    store.forget(['key-0']);
    await store.put('one-more', 1);
    await store.close();
  });
  it('a file whose making was interrupted is completed', async () => {
    await writeFile(path(), Buffer.alloc(slotBytes / 2));
    const store = await openSlotStore(path());
    await store.put('key', 1);
    await store.close();
    expect((await readFile(path())).length).toBe(slotBytes * slotCount);
  });
});

describe('log rotation', () => {
  it('empties a large file that is held open, keeps three copies, and follows no link', async () => {
    const victim = join(folder, 'victim');
    await writeFile(victim, 'x'.repeat(2_000));
    const logs = await mkdtemp(join(folder, 'logs-'));
    await symlink(victim, join(logs, 'link.log'));
    await using held = await open(join(logs, 'engine.log'), 'a');
    for (let round = 1; round <= 5; round++) {
      await held.write(`round ${round} ${'x'.repeat(1_000)}\n`);
      await rotateFolder(logs, 500);
    }
    await held.write('the end');
    expect(await readFile(join(logs, 'engine.log'), 'utf8')).toBe('the end');
    expect(await Promise.all(['1', '2', '3'].map(async (n) => (await readFile(join(logs, `engine.log.${n}`), 'utf8')).slice(0, 7)))).toEqual(['round 5', 'round 4', 'round 3']);
    await expect(readFile(join(logs, 'engine.log.4'))).rejects.toThrow(/ENOENT/);
    expect((await readFile(victim)).length).toBe(2_000);
  });
});
