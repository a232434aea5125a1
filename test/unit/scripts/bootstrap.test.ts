import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { areDependenciesInstalled } from '../../../scripts/bootstrap/dependencies.mjs';
import { explain } from '../../../scripts/bootstrap/failure.mjs';
import { withLock } from '../../../scripts/bootstrap/lock.mjs';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'coffer-bootstrap-'));
  mkdirSync(join(root, 'node_modules'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

describe('dependencies', () => {
  const lock = (packages: Record<string, object>) => JSON.stringify({ packages: { '': {}, ...packages } });
  const write = (file: string, packages: Record<string, object>) => writeFileSync(join(root, file), lock(packages));

  test('are missing when npm did not write its record, which it does last', () => {
    write('package-lock.json', { 'node_modules/a': { version: '1.0.0' } });
    expect(areDependenciesInstalled(root)).toBe(false);
  });

  test('are there when npm’s record names every version', () => {
    write('package-lock.json', { 'node_modules/a': { version: '1.0.0' }, 'node_modules/a-win32': { version: '1.0.0', optional: true } });
    write('node_modules/.package-lock.json', { 'node_modules/a': { version: '1.0.0' } });
    expect(areDependenciesInstalled(root)).toBe(true);
  });

  test('are outdated when the lock file wants another version', () => {
    write('package-lock.json', { 'node_modules/a': { version: '1.0.1' } });
    write('node_modules/.package-lock.json', { 'node_modules/a': { version: '1.0.0' } });
    expect(areDependenciesInstalled(root)).toBe(false);
  });
});

describe('explanations', () => {
  test.each([
    ['npm error code ENOTFOUND\nnpm error network request failed', 'registry cannot be reached'],
    ['npm error code ENOSPC\nnpm error nospc no space left on device', 'disk is full'],
    ["npm error code EACCES\nnpm error syscall mkdir", 'who owns the checkout'],
    ['npm error code EUSAGE', 'npm install'],
    ['something\nError: it broke\n    at x', 'Error: it broke'],
    ['', 'printed nothing'],
  ])('%j', (output, text) => {
    expect(explain(output)).toContain(text);
  });
});

describe('the lock', () => {
  test('lets one after the other in', async () => {
    const order: string[] = [];
    const work = (name: string) =>
      withLock(root, async () => {
        order.push(`${name} in`);
        await new Promise((resolve) => setTimeout(resolve, 20));
        order.push(`${name} out`);
      });
    await Promise.all([work('a'), work('b')]);
    expect(order).toEqual(['a in', 'a out', 'b in', 'b out']);
  });

  test('of a killed holder is taken over', async () => {
    writeFileSync(join(root, '.bootstrap.lock'), '4194304'); // above the largest pid there is
    expect(await withLock(root, async () => 'in')).toBe('in');
  });
});
