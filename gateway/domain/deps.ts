import type { Log } from '../../kernel/log.ts';
import type { Agents } from '../agents/agents.ts';
import type { Operations } from '../operations/workflow.ts';
import type { ControlHost } from '../plugins/control-host.ts';
import type { ParameterCatalogues } from '../plugins/parameters.ts';
import type { Sealer } from '../store/seal.ts';
import type { Store } from '../store/tx.ts';
import type { Reserve } from './admission.ts';
import type { StoredCatalogue } from './catalogue/catalogue.ts';

/** What use cases stand on; made once by the composition. */
export interface DomainDeps {
  store: Store;
  sealer: Sealer;
  operations: Operations;
  catalogue: StoredCatalogue;
  control: ControlHost;
  parameters: ParameterCatalogues;
  agents: Agents;
  enginePorts: { from: number; to: number };
  reserve: Reserve;
  /** how long a mutation waits inline for what acts on an engine before it answers with the running operation */
  inlineWaitMs: number;
  log: Log;
}
