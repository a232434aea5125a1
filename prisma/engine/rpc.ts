import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { SchemaEngine } from './engine.ts';

interface Request {
  id: number;
  /** Absent in the CLI's acknowledgement of one of our own `print` requests. */
  method?: string;
  params?: Record<string, unknown>;
}

type Methods = Record<string, (params: unknown) => Promise<Record<string, unknown> | string | undefined>>;

/** The JSON-RPC code Prisma reserves for errors whose `data` it shows to the user. */
const USER_FACING_ERROR = 4466;

/** The two that need the migrations replayed: the WebAssembly engine keeps the result of `devDiagnostic` for them. */
const NEEDS_HISTORY = new Set(['evaluateDataLoss', 'createMigration']);

/** Serves line-delimited JSON-RPC until the input ends. */
export async function serveRpc(input: Readable, output: Writable, open: () => Promise<SchemaEngine>): Promise<void> {
  const send = (message: object) => output.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  let engine: Methods | undefined;
  let prints = 0;
  for await (const line of createInterface({ input })) {
    if (!line.trim()) continue;
    const { id, method, params = {} } = JSON.parse(line) as Request;
    if (!method) continue;
    try {
      engine ??= (await open()) as unknown as Methods;
      const result = await call(engine, method, params);
      // The stock engine prints a diff by itself; the CLI waits for that, not for the result's text.
      if (method === 'diff') send({ id: ++prints, method: 'print', params: { content: contentOf(result) } });
      send({ id, result: result ?? null });
    } catch (error) {
      send({ id, error: toRpcError(error) });
    }
  }
}

async function call(engine: Methods, method: string, params: Record<string, unknown>) {
  const name = method === 'getDatabaseVersion' ? 'version' : method;
  if (NEEDS_HISTORY.has(method)) {
    const { migrationsList, filters } = params;
    await engine['devDiagnostic']?.({ migrationsList, filters });
  }
  if (typeof engine[name] !== 'function') throw new Error(`this schema engine has no method ${method}`);
  return engine[name](params);
}

function contentOf(result: Record<string, unknown> | string | undefined): string {
  const text = typeof result === 'object' ? result['stdout'] : undefined;
  return typeof text === 'string' ? text : '';
}

function toRpcError(error: unknown) {
  const { message, code, meta, stack } = error as Error & { code?: string; meta?: unknown };
  const text = message ?? String(error);
  const data = code
    ? { is_panic: false, message: text, error_code: code, meta: meta ?? {} }
    : { is_panic: false, message: text, backtrace: stack };
  return { code: USER_FACING_ERROR, message: text, data };
}
