export { createEngineStore } from './engine-store.ts';
export type { EngineStoreOptions, PortableEngineStore } from './engine-store.ts';
export { EngineSourceError } from './source-error.ts';
export type { SourceFailure } from './source-error.ts';
