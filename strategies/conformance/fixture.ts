/** What an engine has to bring to be put through the kit. */
import type { DatabaseSpec, FlavorSize, GrantSpec } from '../spi/control.ts';
import type { DatastorePlugin } from '../spi/datastore.ts';
import type { GraphqlArguments } from '../spi/guest.ts';
import type { CatalogueOverlay } from '../spi/parameter-overlay.ts';
import type { GuestHarness, HarnessFacts, HarnessOptions } from './harness.ts';

export interface Login { user: string; password: string; /** null where the engine has none, or for the one a person gets without naming one */ database: string | null }

/** A connection of the stock client that stays open. */
export interface HeldClient {
  /** Asks the engine something trivial over this very connection; throws when it is gone. */
  ask(): Promise<void>;
  /** Resolves when the engine ended the connection; throws after `timeoutMs`. */
  ended(timeoutMs: number): Promise<void>;
  close(): Promise<void>;
}

/** The engine's stock client as a person has it: TLS verified against the CA, password from the environment or a file. */
export interface StockClient {
  /** Stores a value under a name (an ASCII word), made if it is not there; throws when the engine refuses. */
  write(login: Login, name: string, value: string): Promise<void>;
  /** Null when there is no such name; throws when the engine refuses. */
  read(login: Login, name: string): Promise<string | null>;
  hold(login: Login): Promise<HeldClient>;
  /** One trivial question without TLS; throws when the engine refuses. */
  askWithoutTls(login: Login): Promise<void>;
}

/** Parameters to try a group with, all of the catalogue and not owned; values are canonical. */
export interface ConfigurationSamples {
  /** what the catalogue was made with beside the engine's own words; left out: nothing */
  overlay?: CatalogueOverlay;
  /** taken at once; two values that an instance without a group does not have */
  live: { name: string; value: string; other: string };
  /** taken by the next start; a value that an instance without a group does not have */
  restart?: { name: string; value: string };
  /** right by the catalogue, and the engine does not take it; left out where it takes whatever the catalogue allows */
  refused?: { name: string; value: string };
  /** the live one as an application sees it, canonical; left out where applications cannot see it */
  seen?(facts: HarnessFacts, login: Login): Promise<string>;
}

/** What does not fit a smaller size, where there is such a thing. */
export interface ResizeSamples {
  /** too small for what `fill` stores */
  tooSmall: FlavorSize;
  /** Stores more than that. */
  fill(client: StockClient, login: Login): Promise<void>;
}

export interface ConformanceFixture {
  plugin: DatastorePlugin;
  /** one of the manifest */
  track: string;
  flavor: FlavorSize;
  volumeGb: number;
  /** Makes everything but the engine's data. Called once for each group of tests. */
  createHarness(options?: HarnessOptions): Promise<GuestHarness>;
  client(facts: HarnessFacts): StockClient;
  samples: {
    /** two that may exist side by side; empty without the capability DATABASES */
    databases: readonly DatabaseSpec[];
    /** awkward names every capability has to accept: quotes, spaces, other scripts, the longest */
    awkwardNames: readonly string[];
    /** the same for databases, where the engine takes fewer characters in their names; left out: the same ones */
    awkwardDatabaseNames?: readonly string[];
    /** names no tenant may have */
    systemNames: readonly string[];
    /** the usual set of an application */
    usual(database: string | null): GrantSpec;
    /** may read and nothing else */
    readOnly(database: string | null): GrantSpec;
    /** arguments of what the plugin adds to the API, by field and action, where some are required */
    graphql?: { fields?: Readonly<Record<string, GraphqlArguments>>; actions?: Readonly<Record<string, GraphqlArguments>> };
  };
  /** goes with CONFIGURATION */
  configuration?: ConfigurationSamples;
  /** goes with RESIZE; left out: every size fits what is stored */
  resize?: ResizeSamples;
  /** Serial number (upper-case hex) of the certificate shown to a new connection, for engines that do not speak TLS from the first byte. */
  presentedSerial?(target: { host: string; port: number; caCertificate: string }): Promise<string>;
  /** How many points a method is killed at: `few` saves time where another track of the engine goes through all of them. */
  killPoints?: 'all' | 'few';
  /** the smallest volume the engine can begin on, in MiB, to see what it does when it is full; left out: that is not looked at */
  smallVolumeMb?: number;
  /** the engine takes few users, though seven at least: those of earlier cases go before a case makes more */
  fewUsers?: boolean;
  /** a size that needs a restart, to see that the engine says so; left out when none does */
  restartingFlavor?: FlavorSize;
}
