/** Two engines share one folder; neither's own code is loaded, let alone run, where the other works. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const run = promisify(execFile);
const root = new URL('../../../', import.meta.url).pathname;
const timeoutMs = 30_000;

/** Loads everything a plugin has, as the agent does, and tells every file of ours that came with it. */
async function filesOf(engine: string): Promise<string[]> {
  const script = `
    import { registerHooks } from 'node:module';
    const seen = [];
    registerHooks({ load(url, context, next) { seen.push(url); return next(url, context); } });
    const { default: plugin } = await import(${JSON.stringify(`${root}strategies/datastores/${engine}/index.ts`)});
    await plugin.guest();
    await plugin.client();
    await plugin.control.size({ track: plugin.manifest.tracks[0].name, flavor: { vcpus: 1, memoryMb: 1024 }, volumeGb: 1 });
    await plugin.control.validate({ kind: 'database', track: plugin.manifest.tracks[0].name, database: { name: 'shop' } });
    console.log(JSON.stringify(seen));`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', script], { cwd: root, timeout: timeoutMs });
  return (JSON.parse(stdout) as string[]).filter((url) => url.includes('/strategies/datastores/')).map((url) => url.slice(url.indexOf('/strategies/datastores/') + '/strategies/datastores/'.length));
}

describe.each([['mysql', 'mariadb'], ['mariadb', 'mysql']])('%s', (engine, other) => {
  it(`runs without a line of ${other}`, { timeout: timeoutMs }, async () => {
    const files = await filesOf(engine);
    const folders = new Set(files.map((file) => file.split('/')[0]));
    expect(folders).toEqual(new Set([engine, 'sql-family']));
    expect(files).toEqual(expect.arrayContaining([`${engine}/guest/bootstrap.ts`, `${engine}/guest/accounts.ts`, 'sql-family/guest/users.ts', 'sql-family/wire/connection.ts']));
  });
});
