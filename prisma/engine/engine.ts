import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils';
import * as bindings from '@prisma/schema-engine-wasm/schema_engine_bg';
import { createMigrationAdapterFactory } from './adapter.ts';

export type SchemaEngine = bindings.SchemaEngine;

/** Schema files as `[path, content]`; only commands that take no schema of their own need them here. */
export type Datamodels = [path: string, content: string][];

/** Prisma's schema engine as WebAssembly, on the database at `url`. The database is opened when it is first needed. */
export async function openSchemaEngine(url: string, datamodels?: Datamodels): Promise<SchemaEngine> {
  await loadWasm();
  const adapter = bindMigrationAwareSqlAdapterFactory(createMigrationAdapterFactory(url));
  return bindings.SchemaEngine.new({ datamodels: datamodels?.length ? datamodels : undefined }, () => {}, adapter);
}

/** The little of it we use; its types come with the DOM's, which we leave out. */
declare const WebAssembly: {
  compile(bytes: Uint8Array): Promise<object>;
  instantiate(module: object, imports: Record<string, object>): Promise<{ exports: Record<string, unknown> }>;
};

let loading: Promise<void> | undefined;

function loadWasm(): Promise<void> {
  return (loading ??= (async () => {
    // Rust's panic hook calls this global; without it a panic would be reported as a missing function.
    Object.assign(globalThis, { PRISMA_WASM_PANIC_REGISTRY: { set_message: (text: string) => console.error(text) } });
    const script = fileURLToPath(import.meta.resolve('@prisma/schema-engine-wasm/schema_engine_bg'));
    const module = await WebAssembly.compile(await readFile(script.replace(/\.js$/, '.wasm')));
    const { exports } = await WebAssembly.instantiate(module, { './schema_engine_bg.js': bindings });
    bindings.__wbg_set_wasm(exports);
    (exports['__wbindgen_start'] as () => void)();
  })());
}
