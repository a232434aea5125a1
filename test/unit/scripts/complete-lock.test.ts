import { expect, test } from 'vitest';
import { missingEntries, platformOf } from '../../../scripts/complete-lock.mjs';

test.each([
  ['@bufbuild/buf-darwin-arm64', { os: ['darwin'], cpu: ['arm64'] }],
  ['@oxlint/binding-linux-x64-musl', { os: ['linux'], cpu: ['x64'] }],
  ['@oxc-parser/binding-android-arm-eabi', { os: ['android'], cpu: ['arm'] }],
  ['fsevents', undefined],
])('the platform of %s', (name, platform) => {
  expect(platformOf(name)).toEqual(platform);
});

test('an optional package of another platform is added, a present one is not', () => {
  const packages = {
    'node_modules/tool': { version: '1.2.3', dev: true, optionalDependencies: { 'tool-linux-x64': '1.2.3', 'tool-win32-x64': '1.2.3' } },
    'node_modules/tool/node_modules/tool-linux-x64': { version: '1.2.3' },
  };
  expect(missingEntries(packages)).toEqual([
    ['node_modules/tool-win32-x64', { version: '1.2.3', cpu: ['x64'], dev: true, optional: true, os: ['win32'] }],
  ]);
});

test('a missing package of unknown platform is refused, with the way out', () => {
  const packages = { 'node_modules/tool': { version: '1.0.0', optionalDependencies: { fsevents: '1.0.0' } } };
  expect(() => missingEntries(packages)).toThrow('npm install');
});
