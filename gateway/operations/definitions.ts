/** The workflows this release knows, by kind and version. */
import type { AnyWorkflow } from './workflow.ts';

export interface Definitions {
  /** for what is accepted now */
  latest(kind: string): AnyWorkflow;
  find(kind: string, version: number): AnyWorkflow | undefined;
  /** `kind@version`, for the claim */
  keys: readonly string[];
}

export function createDefinitions(workflows: readonly AnyWorkflow[]): Definitions {
  const byKey = new Map<string, AnyWorkflow>();
  const latest = new Map<string, AnyWorkflow>();
  for (const workflow of workflows) {
    const key = `${workflow.kind}@${workflow.version}`;
    if (byKey.has(key)) throw new Error(`two workflows are called ${key}: raise the version of the newer one`);
    const names = workflow.steps.map((step) => step.name);
    if (new Set(names).size !== names.length) throw new Error(`two steps of ${key} have the same name`);
    byKey.set(key, workflow);
    if ((latest.get(workflow.kind)?.version ?? -1) < workflow.version) latest.set(workflow.kind, workflow);
  }
  return {
    latest(kind) {
      const workflow = latest.get(kind);
      if (!workflow) throw new Error(`there is no workflow "${kind}"`);
      return workflow;
    },
    find: (kind, version) => byKey.get(`${kind}@${version}`),
    keys: [...byKey.keys()],
  };
}
