/** engine.install: fetch a track's binaries to a host ahead of its first instance. */
import { defineWorkflow, type Workflow } from '../workflow.ts';
import { brief, minutesMs, type WorkflowDeps } from './deps.ts';

export interface InstallEngineWork { hostId: string; datastore: string; track: string }

export const installEngineWorkflow = (deps: WorkflowDeps): Workflow<InstallEngineWork> =>
  defineWorkflow<InstallEngineWork>({
    kind: 'engine.install', version: 1, cancellable: true, retryable: true, timeoutMs: minutesMs(20),
    steps: [{
      name: 'install', title: 'Install the engine', timeoutMs: minutesMs(15), retry: brief,
      async run(ctx) {
        const { hostId, datastore, track } = ctx.input;
        const build = await deps.compute(hostId).ensureEngine({ datastore, track }, { signal: ctx.signal, progress: ctx.progress });
        return { buildId: build.id, version: build.version };
      },
    }],
  });
