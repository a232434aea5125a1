/** The server's class of its settings, as its own runtime tells it: names, types, what they begin with, choices. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type GuestContext, GuestFault } from '../../../spi/guest.ts';
import type { ParameterSpec } from '../../../spi/parameters.ts';
import { fromServer } from '../values.ts';
import { writeOwned } from './files.ts';
import { configFiles, java } from './places.ts';

/** The runtime compiles what it is given as source. One setting a line; nothing after the last tab: it has no value. */
const program = `
import java.lang.reflect.*;
public class Tell {
  public static void main(String[] none) throws Exception {
    Object config = new org.apache.cassandra.config.Config();
    for (Field field : config.getClass().getFields()) {
      if (Modifier.isStatic(field.getModifiers()) || field.isAnnotationPresent(Deprecated.class)) continue;
      StringBuilder choices = new StringBuilder();
      if (field.getType().isEnum()) for (Object one : field.getType().getEnumConstants()) choices.append(((Enum<?>) one).name()).append(' ');
      Object value = field.get(config);
      System.out.println("setting\\t" + field.getName() + "\\t" + field.getType().getName() + "\\t" + choices.toString().trim() + (value == null ? "" : "\\t" + value));
    }
  }
}
`;
const timeoutMs = 120_000;

export interface Told { name: string; type: string; choices: string[]; value: string | null }

export async function readConfigClass(ctx: GuestContext): Promise<Told[]> {
  const file = join(ctx.paths.run, 'Tell.java');
  await writeOwned(ctx, file, program);
  try {
    // Compiling takes more than a tool has.
    const { exitCode, stdout, stderr } = await ctx.engine.run({ command: java(ctx), args: [`@${configFiles(ctx).tool}`, '-Xmx256m', file], env: { LC_ALL: 'C.UTF-8' }, timeoutMs });
    if (exitCode !== 0) throw new GuestFault('FAILED', `the server's class of settings could not be read: ${stderr.slice(0, 400)}`);
    return parseTold(stdout);
  } finally {
    await rm(file, { force: true });
  }
}

export function parseTold(text: string): Told[] {
  return text.split('\n').filter((line) => line.startsWith('setting\t')).map((line) => {
    const [, name = '', type = '', choices = '', ...value] = line.split('\t');
    return { name, type, choices: choices === '' ? [] : choices.split(' '), value: value.length === 0 ? null : value.join('\t') };
  });
}

type Form = Pick<ParameterSpec, 'type' | 'unit' | 'min' | 'max' | 'allowed'>;
const plain = (type: Form['type'], more: Partial<Form> = {}): Form => ({ type, unit: null, min: null, max: null, allowed: null, ...more });
const int = plain('INTEGER', { min: -(2 ** 31), max: 2 ** 31 - 1 });
const forms: Readonly<Record<string, Form>> = {
  boolean: plain('BOOLEAN'), 'java.lang.Boolean': plain('BOOLEAN'), int, 'java.lang.Integer': int, long: plain('INTEGER'),
  double: plain('NUMBER'), 'java.lang.Double': plain('NUMBER'), 'java.lang.Float': plain('NUMBER'), 'java.lang.String': plain('STRING'),
};
/** A rate is counted in what the server's own tools count it in, and nanoseconds in what people do. */
const units: Readonly<Record<string, string>> = {
  Bytes: 'B', Kibibytes: 'kB', Mebibytes: 'MB', BytesPerSecond: 'MB', Nanoseconds: 's', Microseconds: 'us', Milliseconds: 'ms', Seconds: 's', Minutes: 'min',
};

/** Null: not one value but several, which a group has no place for. */
export function formOf({ type, choices }: Pick<Told, 'type' | 'choices'>): Form | null {
  if (choices.length > 0) return plain('ENUM', { allowed: choices });
  const [, size, counted = ''] = /\.Data(?:Storage|Rate)Spec\$(Int|Long)(\w+)Bound$|\.DurationSpec\$(Int|Long)(\w+)Bound$/.exec(type)?.filter((one) => one !== undefined) ?? [];
  const unit = units[counted];
  // Its largest number is one that the server keeps for itself.
  if (unit !== undefined) return plain('INTEGER', { unit, min: 0, max: size === 'Int' ? 2 ** 31 - 2 : null });
  return forms[type] ?? null;
}

export function specOf(told: Told, apply: ParameterSpec['apply'], description: string): ParameterSpec | null {
  const form = formOf(told);
  if (form === null) return null;
  const spec: ParameterSpec = { name: told.name, ...form, default: null, apply, description };
  return { ...spec, default: told.value === null ? null : fromServer(spec, told.value) };
}
