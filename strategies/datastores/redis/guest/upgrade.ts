/** A later version reads the files of an earlier one as they are; what matters is that they are whole when the engine stops. */
import type { Finding, GuestContext, GuestHalf } from '../../../spi/guest.ts';
import { ask } from './management.ts';

export const upgrade: NonNullable<GuestHalf['upgrade']> = {
  async check(ctx) {
    const told = parseInfo(String(await ask(ctx, 'INFO', 'persistence')));
    return [...persistenceFindings(told), ...moduleFindings(await modulesOf(ctx))];
  },
  async run() { /* the engine reads its files forward when it starts */ },
  async finish() { /* and writes the new form whenever it next writes them */ },
};

export const parseInfo = (text: string): ReadonlyMap<string, string> =>
  new Map(text.split('\r\n').flatMap((line) => (line.includes(':') ? [[line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)] as const] : [])));

/** Pure. */
export function persistenceFindings(told: ReadonlyMap<string, string>): Finding[] {
  const failed = [['aof_last_write_status', 'the append-only file could not be written last'], ['aof_last_bgrewrite_status', 'the append-only file could not be rewritten last'], ['rdb_last_bgsave_status', 'the data could not be saved last']] as const;
  return failed.flatMap(([name, words]): Finding[] => (told.get(name) === 'err' ? [{ severity: 'ERROR', subject: name, message: `${words}: what is on the disk may not be what is in memory. See the log, and make room or memory` }] : []));
}

/** None is loaded by Coffer; data of one could be read by nobody else. */
export const moduleFindings = (names: readonly string[]): Finding[] =>
  names.map((name) => ({ severity: 'ERROR', subject: name, message: 'this module is loaded, and the new build does not have it' }));

/** Built into the engine from version 8 on, and told by it as loaded from nowhere. */
async function modulesOf(ctx: GuestContext): Promise<string[]> {
  const told = (await ask(ctx, 'MODULE', 'LIST')) as unknown[];
  return told.flatMap((one) => {
    const fields = Array.isArray(one) ? one.map(String) : [];
    const valueOf = (key: string): string => fields[fields.indexOf(key) + 1] ?? '';
    return fields.includes('path') && valueOf('path') !== '' ? [valueOf('name')] : [];
  });
}
