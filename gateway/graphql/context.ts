import type { Caller, Domain, ProjectDoc } from '../domain/api.ts';
import type { ConfigurationDoc } from '../domain/configuration/document.ts';
import type { InstanceDoc } from '../domain/instance/document.ts';
import type { EventFeed } from '../events/feed.ts';
import type { OperationView } from '../operations/workflow.ts';
import { type Batch, createBatch } from './batch.ts';
import type { Limits } from './limits.ts';

/** What the API is made of; the same for every request. */
export interface Services {
  domain: Domain;
  feed: EventFeed;
  limits: Limits;
  /** of this gateway, as `viewer.serverVersion` shows it */
  serverVersion: string;
}

/** What a resolver sees: the services, who calls, and look-ups that are joined. */
export interface GraphqlContext extends Services {
  caller: Caller;
  instances: Batch<InstanceDoc>;
  operations: Batch<OperationView>;
  projects: Batch<ProjectDoc>;
  configurations: Batch<ConfigurationDoc>;
}

/** A class, so that the thousand contexts a second cost three lazy closures only when they are used. */
class RequestContext implements GraphqlContext {
  readonly domain: Domain;
  readonly feed: EventFeed;
  readonly limits: Limits;
  readonly serverVersion: string;
  readonly caller: Caller;
  #instances: Batch<InstanceDoc> | undefined;
  #operations: Batch<OperationView> | undefined;
  #projects: Batch<ProjectDoc> | undefined;
  #configurations: Batch<ConfigurationDoc> | undefined;

  constructor(services: Services, caller: Caller) {
    this.domain = services.domain;
    this.feed = services.feed;
    this.limits = services.limits;
    this.serverVersion = services.serverVersion;
    this.caller = caller;
  }
  get instances(): Batch<InstanceDoc> {
    return (this.#instances ??= createBatch((ids) => this.domain.instances.findMany(this.caller, ids)));
  }
  get operations(): Batch<OperationView> {
    return (this.#operations ??= createBatch((ids) => this.domain.operations.findMany(this.caller, ids)));
  }
  get projects(): Batch<ProjectDoc> {
    return (this.#projects ??= createBatch((ids) => this.domain.access.findProjects(this.caller, ids)));
  }
  get configurations(): Batch<ConfigurationDoc> {
    return (this.#configurations ??= createBatch((ids) => this.domain.configurations.findMany(this.caller, ids)));
  }
}

export const createContext = (services: Services, caller: Caller): GraphqlContext => new RequestContext(services, caller);
