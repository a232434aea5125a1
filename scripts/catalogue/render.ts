/** A catalogue as a file: one parameter a line, so that a new version of an engine is a diff that people can read. */
import type { ParameterSpec } from '../../strategies/spi/parameters.ts';

export const renderCatalogue = (catalogue: readonly ParameterSpec[]): string => `[\n${catalogue.map((spec) => JSON.stringify(spec)).join(',\n')}\n]\n`;

/** By name: what is only in one of them, or is otherwise in the other. */
export function differences(kept: readonly ParameterSpec[], told: readonly ParameterSpec[]): string[] {
  const textOf = (specs: readonly ParameterSpec[]): Map<string, string> => new Map(specs.map((spec) => [spec.name, JSON.stringify(spec)]));
  const [before, now] = [textOf(kept), textOf(told)];
  return [...new Set([...before.keys(), ...now.keys()])].sort().flatMap((name) => {
    const [was, is] = [before.get(name), now.get(name)];
    return was === is ? [] : [is === undefined ? `- ${was}` : was === undefined ? `+ ${is}` : `- ${was}\n+ ${is}`];
  });
}
