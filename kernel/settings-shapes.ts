/** What the value of a setting may look like. Each message continues "COFFER_X=value: it …". */
import { isIP } from 'node:net';
import * as z from 'zod';
import { limitProblem, type LimitOverrides } from './api-limits.ts';

export const wholeNumber = (least: number, most: number): z.ZodType<number, string> =>
  z.string().refine((text) => /^\d{1,12}$/.test(text) && Number(text) >= least && Number(text) <= most, `must be a whole number from ${least} to ${most}`).transform(Number);

export const port = z.string().refine((text) => /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535, 'must be a port number from 1 to 65535').transform(Number);

export interface PortRange { first: number; last: number }
export const portRange: z.ZodType<PortRange, string> = z.string()
  .refine((text) => {
    const [, first, last] = /^(\d{1,5})-(\d{1,5})$/.exec(text) ?? [];
    return first !== undefined && Number(first) >= 1024 && Number(first) <= Number(last) && Number(last) <= 65_535;
  }, 'must be two port numbers from 1024 to 65535 like 24000-24999')
  .transform((text) => { const [first, last] = text.split('-').map(Number); return { first: first ?? 0, last: last ?? 0 }; });

export const choice = <const Choice extends string>(choices: readonly Choice[]): z.ZodType<Choice, string> =>
  z.string().refine((text): text is Choice => (choices as readonly string[]).includes(text), `must be one of ${choices.join(', ')}`).transform((text) => text as Choice);

/** Comma-separated, each at most once, kept in the order of `choices`. */
export const list = <Choice extends string>(choices: readonly Choice[]): z.ZodType<Choice[], string> =>
  z.string()
    .transform((text) => text.split(',').map((part) => part.trim()).filter((part) => part !== ''))
    .refine((parts) => parts.length > 0 && parts.every((part) => (choices as readonly string[]).includes(part)), `must be a comma-separated choice of ${choices.join(', ')}`)
    .transform((parts) => choices.filter((one) => parts.includes(one)));

export const postgresUrl = z.string().refine((text) => {
  try {
    return /^postgres(ql)?:$/.test(new URL(text.replace('@/', '@localhost/')).protocol);
  } catch {
    return false;
  }
}, 'must look like postgresql://user:password@host:5432/database');

export const httpUrl = z.string().refine((text) => /^https?:$/.test(URL.parse(text)?.protocol ?? ''), 'must be an http or https address');

export const secretKey: z.ZodType<Buffer, string> = z.string()
  .refine((text) => /^[0-9a-f]{64}$/i.test(text) || /^[A-Za-z0-9+/]{43}=?$/.test(text), 'must be 32 bytes, as 64 hexadecimal digits or as base64 (try: openssl rand -hex 32)')
  .transform((text) => (/^[0-9a-f]{64}$/i.test(text) ? Buffer.from(text, 'hex') : Buffer.from(text, 'base64')));

/** `postgresql/17=/opt/pg17/bin` → directory by `datastore/track`. */
export const enginePaths: z.ZodType<Record<string, string>, string> = z.string()
  .transform((text) => text.split(',').map((part) => part.trim()).filter((part) => part !== ''))
  .refine((parts) => parts.every((part) => /^[a-z0-9-]+\/[A-Za-z0-9._-]+=\/[^=]+$/.test(part)), 'must look like postgresql/17=/absolute/path,redis/8=/absolute/path')
  .transform((parts) => Object.fromEntries(parts.map((part) => [part.slice(0, part.indexOf('=')), part.slice(part.indexOf('=') + 1)])));

export const packageNames: z.ZodType<string[], string> = z.string()
  .transform((text) => text.split(',').map((part) => part.trim()).filter((part) => part !== ''))
  .refine((parts) => parts.every((part) => /^(\/[^\0]+|(@[a-z0-9-._]+\/)?[a-z0-9-._]+)$/.test(part)), 'must be names of npm packages or absolute paths, separated by commas');

const parts = (text: string): string[] => text.split(',').map((part) => part.trim()).filter((part) => part !== '');

/** `maxDepth=20,maxCost=50000` */
export const apiLimits: z.ZodType<LimitOverrides, string> = z.string().superRefine((text, context) => {
  for (const part of parts(text)) {
    const [, name = '', value = ''] = /^([A-Za-z]+)=(.*)$/.exec(part) ?? [];
    const problem = name === '' ? 'must look like maxDepth=20,maxCost=50000' : limitProblem(name, value);
    if (problem !== null) return context.addIssue({ code: 'custom', message: problem });
  }
}).transform((text) => Object.fromEntries(parts(text).map((part) => [part.slice(0, part.indexOf('=')), Number(part.slice(part.indexOf('=') + 1))])));

const isNetwork = (entry: string): boolean => {
  const [address = '', bits, ...rest] = entry.split('/');
  const family = isIP(address);
  return family !== 0 && rest.length === 0 && (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128)));
};
/** Addresses and networks, as node:net's BlockList takes them. */
export const networks: z.ZodType<string[], string> = z.string().transform(parts)
  .refine((entries) => entries.every(isNetwork), 'must be addresses or networks like 10.0.0.1,192.168.0.0/16, separated by commas');

const wildcards = new Set(['0.0.0.0', '::', '[::]']);
/** Every address of the machine: nobody can be told to connect to it. */
export const isWildcard = (address: string): boolean => wildcards.has(address);
