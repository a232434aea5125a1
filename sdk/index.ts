/**
 * The contract of datastore plugins as a package: `strategies/spi` and the few types it needs. Its version is the
 * contract's (`spiVersion`) with a patch number behind.
 */
export { type Capability, capabilities } from '../strategies/spi/capability.ts';
export type { ClientHalf, ClientTarget } from '../strategies/spi/client.ts';
export type { ControlHalf, DatabaseSpec, EndpointSpec, FlavorSize, GrantSpec, Proposal, SizingInput, UserRef, UserSpec } from '../strategies/spi/control.ts';
export { type DatastorePlugin, definePlugin } from '../strategies/spi/datastore.ts';
export { type CatalogueOverlay, type ParameterAddition, withOverlay } from '../strategies/spi/parameter-overlay.ts';
export type {
  ArchiveArtefact, ArtefactSpec, DebianSource, DebianSuite, EngineSourceSpec, HostSource, MavenArtefact, VersionCommand, WheelArtefact,
} from '../strategies/spi/engine-source.ts';
export {
  capabilitiesOf, type ConfigureResult, type DatabaseInfo, type EngineExit, type EngineHandle, type EngineSpec, type GuestContext, GuestFault, type GuestFaultCode,
  type Finding, type GraphqlArguments, type GuestHalf, type GuestPaths, type NamedBuild, type NextSize, type Probe, type ProbeState, type TlsFiles, type ToolResult, type ToolSpec, type UserInfo,
} from '../strategies/spi/guest.ts';
export { type ActionSpec, type ConnectSpec, type GraphqlAdditions, type GuestTimeouts, type Manifest, type PortSpec, spiVersion, type TrackSpec } from '../strategies/spi/manifest.ts';
export { type Canonical, type CanonicalSpec, canonicalValue } from '../strategies/spi/parameter-values.ts';
export type { LiveParameter, ParameterApply, ParameterSpec } from '../strategies/spi/parameters.ts';
export type { InputIssue } from '../kernel/input-issue.ts';
export type { Log } from '../kernel/log.ts';
