/** What the value of a setting may look like. Each message continues "COFFER_X=value: it …". */
import { z } from 'zod';

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
