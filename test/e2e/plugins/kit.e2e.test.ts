/** The kit as a stranger runs it: in the folder of a package, with what is published. */
import { once } from 'node:events';
import { appendFile, readFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KitReport } from '../../../kit/results.ts';
import { ROOT } from '../../support/installation.ts';
import { createPluginFolder, type PluginFolder } from '../../support/plugin-folder.ts';
import { generatePackages } from '../../support/plugin-packages.ts';

const stateOf = (report: KitReport, state: string): string[] => report.results.filter((one) => one.state === state).map(({ rule, details }) => `${rule}: ${details.join(' ')}`);
beforeAll(generatePackages);

describe.each([
  // Its faults are the guide's; the example's are in test/full.
  { name: 'the template', source: 'kit/template', firstPort: '21664' },
  { name: 'the oldest contract\'s plugin', source: 'test/fixtures/plugin-built-against-1.0', firstPort: '21665' },
])('$name', ({ source, firstPort }) => {
  let folder: PluginFolder;
  beforeAll(async () => { folder = await createPluginFolder(join(ROOT, source)); });
  afterAll(() => folder.remove());

  it('passes, with a table of capabilities and times, and JUnit for a build server', async () => {
    const { code, report } = await folder.kit('static', 'engine', '--first-port', firstPort, '--junit', 'junit.xml');
    expect(stateOf(report, 'failed')).toEqual([]);
    expect(stateOf(report, 'warned')).toEqual([]);
    expect(code).toBe(0);
    expect(report.engine).toMatch(/^\d+\.\d+\.\d+/);
    for (const capability of ['CONTRACT', 'LIFE CYCLE', 'USERS', 'TLS']) expect(report.results.filter((one) => one.capability === capability && one.state === 'passed').length).toBeGreaterThan(0);
    const junit = await readFile(join(folder.path, 'junit.xml'), 'utf8');
    expect(junit.match(/<testcase /g)).toHaveLength(report.results.length);
  }, 600_000);
});

describe('the command', () => {
  let folder: PluginFolder;
  beforeAll(async () => { folder = await createPluginFolder(join(ROOT, 'kit/template')); });
  afterAll(() => folder.remove());

  it.each([['a tier that is none', ['everything'], /there is no tier everything/], ['a track that is none', ['static', '--track', '7'], /has no track 7: 24/], ['an option that is none', ['--fast'], /Unknown option '--fast'/]])('%s is refused with what there is', async (_what, args, message) => {
    await expect(folder.kit(...args)).rejects.toThrow(message);
  });
  it('a name that no case has is a failure that says so', async () => {
    const { code, report } = await folder.kit('fault', '--only', 'gants.revoke', '--first-port', '21668');
    expect(code).toBe(1);
    expect(stateOf(report, 'failed')).toEqual(['there are cases to run: there is no case whose name contains "gants.revoke"']);
  });
  it('a port that is taken is told before anything is blamed on the plugin', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    try {
      const { port } = other.address() as AddressInfo;
      await expect(folder.kit('engine', '--first-port', String(port))).rejects.toThrow(new RegExp(`port ${port} cannot be had .*EADDRINUSE.*: name others with --first-port`));
    } finally {
      other.close();
    }
  });
  it('has the binaries of every version that the one under test can be brought to', async () => {
    const own = await createPluginFolder(join(ROOT, 'kit/template'));
    try {
      await own.edit('manifest.js', "capabilities: ['RESIZE', 'TLS', 'USERS']", "capabilities: ['RESIZE', 'TLS', 'UPGRADE', 'USERS']");
      await own.edit('manifest.js', "UPGRADE: 'there is one version of it',", '');
      await own.edit('manifest.js', 'export const manifest = {', 'const own = {');
      await own.edit('guest.js', '  tls: {\n', '  upgrade: { check: async () => [], run: async () => {}, finish: async () => {} },\n  tls: {\n');
      await appendFile(join(own.path, 'manifest.js'), "\nexport const manifest = { ...own, tracks: [{ ...own.tracks[0], upgradesTo: ['24.21'] }, { ...own.tracks[0], name: '24.21', default: false }] };\n");
      const { code, report } = await own.kit('engine', '--only', 'upgrade', '--first-port', '21669');
      expect(stateOf(report, 'failed')).toEqual([]);
      expect(code).toBe(0);
      expect(stateOf(report, 'passed').filter((rule) => rule.includes(' 24.21')).length).toBeGreaterThanOrEqual(3);
    } finally {
      await own.remove();
    }
  });
  it('where the binaries cannot be had it says so, and what to do', async () => {
    await folder.edit('manifest.js', 'searchPaths: [dirname(process.execPath), \'/usr/local/bin\', \'/usr/bin\']', 'searchPaths: [dirname(\'/nowhere/node\')]');
    const { code, report } = await folder.kit('engine');
    expect(code).toBe(1);
    expect(stateOf(report, 'failed')).toEqual([expect.stringMatching(/the binaries can be had from its sources: .*\/nowhere/)]);
  });
});
