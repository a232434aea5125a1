import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fingerprint, readStamp, writeStamp } from '../../../scripts/fingerprint.mjs';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'coffer-fingerprint-'));
  mkdirSync(join(root, 'a/generated'), { recursive: true });
  writeFileSync(join(root, 'a/one.ts'), '1');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

test('follows content, names and appearance', () => {
  const seen = new Set([fingerprint(root, ['a', 'b'])]);
  for (const [path, text] of [['a/one.ts', '2'], ['a/two.ts', '2'], ['b', '']] as const) {
    writeFileSync(join(root, path), text);
    seen.add(fingerprint(root, ['a', 'b']));
  }
  expect(seen.size).toBe(4);
});

test('made files and dot files do not count', () => {
  const before = fingerprint(root, ['a']);
  writeFileSync(join(root, 'a/generated/x.ts'), 'x');
  writeFileSync(join(root, 'a/.swap'), 'x');
  expect(fingerprint(root, ['a'])).toBe(before);
});

test('a stamp that was not written is undefined', () => {
  const stamp = join(root, 'made/.stamp');
  expect(readStamp(stamp)).toBeUndefined();
  writeStamp(stamp, 'abc');
  expect(readStamp(stamp)).toBe('abc');
});
