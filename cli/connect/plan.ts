/** What to run to connect. Pure: the manifest's words and the values in, a command out. */
import { join } from 'node:path';
import { Failure, usageFailure } from '../failure.ts';
import type { ConnectSpec } from './connect-spec.ts';

export interface ConnectValues { host: string; port: number; user: string; /** null: the engine's usual one */ authDatabase: string | null; database: string | null; caFile: string | null; /** where the client's files will be; null where nothing is run */ filesFolder: string | null }
export interface ConnectPlan {
  command: string;
  args: string[];
  /** without secrets: it may be shown */
  environment: Record<string, string>;
  /** variables whose text has `{password}` in it */
  secretEnvironment: Record<string, string>;
  /** text with `{password}` still in it, by the name in `{file:name}` */
  files: Record<string, string>;
}

const placeholder = /\{(host|port|user|authDatabase|database|caFile|password|file:[\w.-]+)\}/g;

const textsOf = (spec: ConnectSpec): string[] => [...spec.args, ...spec.environment.map(({ value }) => value), ...spec.files.map(({ content }) => content)];
const has = (texts: readonly string[], word: string): boolean => texts.some((text) => text.includes(word));

/** Nobody shall believe to have logged in elsewhere than they did. */
export function refuseAuthDatabase(spec: ConnectSpec): void {
  if (!has(textsOf(spec), '{authDatabase}')) throw usageFailure('a database to log in at cannot be chosen here', 'Leave --auth-database out');
}

export function planConnection(spec: ConnectSpec, values: ConnectValues, extraArgs: readonly string[] = []): ConnectPlan {
  const texts = textsOf(spec);
  if (values.database !== null && !has(texts, '{database}')) throw usageFailure('a database cannot be chosen here: the datastore has none', 'Leave --database out');
  // Others can read a command line: a manifest that puts the password there is not obeyed.
  if (spec.args.some((text) => text.includes('{password}'))) throw new Failure(`the datastore's plugin puts the password on the command line of ${spec.command}`, { remedy: 'Tell whoever maintains the plugin; use a client of your own meanwhile' });
  const database = values.database ?? spec.defaultDatabase;
  const known: Record<string, string | null> = { host: values.host, port: String(values.port), user: values.user, authDatabase: values.authDatabase ?? spec.defaultAuthDatabase, database, caFile: values.caFile };
  const { filesFolder } = values;
  if (filesFolder !== null) for (const { name } of spec.files) known[`file:${name}`] = join(filesFolder, name);
  const isKnown = (text: string): boolean => [...text.matchAll(placeholder)].every(([, name]) => known[name!] !== null);
  const fill = (text: string): string => text.replaceAll(placeholder, (whole, name: string) => known[name] ?? whole);
  if (values.caFile === null && has(texts, '{caFile}')) throw new Failure('the instance has no certificate yet', { code: 'PRECONDITION.STATE', remedy: 'Wait until it is ACTIVE' });
  const plan: ConnectPlan = { command: spec.command, args: [...spec.args.filter(isKnown).map(fill), ...extraArgs], environment: {}, secretEnvironment: {}, files: Object.fromEntries(spec.files.map(({ name, content }) => [name, fill(content)])) };
  for (const { name, value } of spec.environment.filter((one) => isKnown(one.value))) {
    (value.includes('{password}') ? plan.secretEnvironment : plan.environment)[name] = fill(value);
  }
  return plan;
}

export const withPassword = ({ secretEnvironment }: ConnectPlan, password: string): Record<string, string> =>
  Object.fromEntries(Object.entries(secretEnvironment).map(([name, value]) => [name, value.replaceAll('{password}', () => password)]));

export const needsPassword = ({ secretEnvironment, files }: ConnectPlan): boolean => Object.keys(secretEnvironment).length > 0 || Object.values(files).some((text) => text.includes('{password}'));

/** A line for a POSIX shell. */
export function shellLine({ command, args, environment }: ConnectPlan): string {
  return [...Object.entries(environment).map(([name, value]) => `${name}=${quoted(value)}`), ...[command, ...args].map(quoted)].join(' ');
}
const quoted = (text: string): string => (/^[A-Za-z0-9_@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll('\'', String.raw`'\''`)}'`);
