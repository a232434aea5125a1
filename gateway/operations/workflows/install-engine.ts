/** engine.install: fetch a track's binaries to a host ahead of its first instance, or a newer build of them. */
import type { EngineBuild } from '../../../strategies/spi/engine-source.ts';
import { defineWorkflow, type StepContext, type Workflow } from '../workflow.ts';
import { brief, minutesMs, type WorkflowDeps } from './deps.ts';

/** `refresh`: ask the source although a build is installed; missing in an operation of an earlier release. */
export interface InstallEngineWork { hostId: string; datastore: string; track: string; refresh?: boolean }

/** What people read: whether there is something new. Pure. */
export function installedText({ datastore, track, id, version }: Pick<EngineBuild, 'datastore' | 'track' | 'id' | 'version'>, { isNew, refresh }: { isNew: boolean; refresh: boolean }): string {
  if (isNew) return `installed ${datastore} ${version} (${id})`;
  return refresh ? `the newest build of ${datastore} ${track} is installed already: ${version} (${id})`
    : `${datastore} ${track} is installed already: ${version} (${id}); its source was not asked for a newer build, refresh does that`;
}

/** The loop of the gateway tells them too: a failure here costs a moment. */
async function tellInstances({ newerBuilds }: WorkflowDeps, { input, signal, log }: StepContext<InstallEngineWork>): Promise<void> {
  await newerBuilds.look(input.hostId, signal).catch((error: unknown) => {
    signal.throwIfAborted();
    log.warn({ error: String(error) }, 'instances could not be told of a newer build; it is tried again');
  });
}

export const installEngineWorkflow = (deps: WorkflowDeps): Workflow<InstallEngineWork> =>
  defineWorkflow<InstallEngineWork>({
    kind: 'engine.install', version: 1, cancellable: true, retryable: true, timeoutMs: minutesMs(20),
    steps: [{
      name: 'install', title: 'Install the engine', timeoutMs: minutesMs(15), retry: brief,
      async run(ctx) {
        const { hostId, datastore, track, refresh = false } = ctx.input;
        const compute = deps.compute(hostId);
        const before = await compute.listBuilds(ctx.signal);
        const build = await compute.ensureEngine({ datastore, track, refresh }, { signal: ctx.signal, progress: ctx.progress });
        await tellInstances(deps, ctx);
        const isNew = !before.some(({ id }) => id === build.id);
        ctx.progress(1, installedText(build, { isNew, refresh }));
        return { buildId: build.id, version: build.version, isNew };
      },
    }],
  });
