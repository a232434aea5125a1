import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { locatePackages } from '../../../kernel/plugin-packages.ts';

const home = mkdtempSync(join(tmpdir(), 'coffer-home-'));
afterAll(() => rmSync(home, { recursive: true }));

describe('a plugin named in the settings', () => {
  it('is found in the installation\'s own node_modules; a path and an unknown name stay as they are', () => {
    const folder = join(home, 'node_modules/my-plugin');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'my-plugin', type: 'module', exports: './plugin.js' }));
    writeFileSync(join(folder, 'plugin.js'), 'export default {}');
    expect(locatePackages(['my-plugin', '/opt/other.mjs', 'missing-plugin'], home)).toEqual([join(folder, 'plugin.js'), '/opt/other.mjs', 'missing-plugin']);
  });
});
