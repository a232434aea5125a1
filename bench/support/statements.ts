/**
 * SQL statements as the server sees them: it is told to log each one for a while, and the lines are counted. BEGIN and
 * COMMIT count; so do the event log reader's looks and the NOTIFY of another connection, apart.
 */
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { ControlPlane } from './control-plane.ts';

export interface StatementCount { own: number; eventReader: number; notify: number }

const mark = 'bench:';
/** until a reload has reached every session, and until the last line is in the file */
const settleMs = 400;

async function logged(plane: ControlPlane, isOn: boolean): Promise<void> {
  for (const [name, value] of Object.entries({ log_statement: 'all', log_line_prefix: `${mark}%a:`, log_parameter_max_length: '0' })) {
    await plane.db.query(isOn ? `alter system set ${name} = '${value}'` : `alter system reset ${name}`);
  }
  await plane.db.query('select pg_reload_conf()');
  await delay(settleMs);
}

/** Statements while `work` runs, which must not be many thousand: the log is rotated. */
export async function countStatements(plane: ControlPlane, work: () => Promise<unknown>): Promise<StatementCount> {
  await logged(plane, true);
  const before = (await readFile(plane.storeLog, 'utf8')).length;
  await work();
  await delay(settleMs);
  const lines = (await readFile(plane.storeLog, 'utf8')).slice(before).split('\n');
  await logged(plane, false);
  const sent = lines.filter((line) => line.startsWith(mark) && /LOG: {2}(execute [^:]+|statement): /.test(line));
  const ofPool = sent.filter((line) => line.startsWith(`${mark}coffer-gateway:`));
  const ofReader = ofPool.filter((line) => /pg_snapshot_xmin/.test(line));
  return { own: ofPool.length - ofReader.length, eventReader: ofReader.length, notify: sent.filter((line) => line.startsWith(`${mark}coffer-listen:`)).length };
}
