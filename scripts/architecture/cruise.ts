import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Visitor } from '@swc/core/Visitor.js';
import { cruise, type ICruiseResult } from 'dependency-cruiser';
import { APART, COMPOSITION, ROOMS, RULES } from './rules.ts';

export interface Violation {
  rule: string;
  from: string;
  to: string;
  why: string;
}

export interface ArchitectureResult {
  /** Modules looked at: a cruiser that understood nothing finds no violation either. */
  moduleCount: number;
  violations: Violation[];
}

teachUsing();

/** Looks at the imports of everything below `root`. */
export async function cruiseArchitecture(root: string): Promise<ArchitectureResult> {
  const { output } = await cruise(
    ROOMS.filter((room) => existsSync(join(root, room))),
    {
      baseDir: root,
      // TypeScript 7 has no API to parse with; with the default parser .ts files would be skipped without a word.
      parser: 'swc',
      tsPreCompilationDeps: true,
      doNotFollow: { path: '(^|/)(node_modules|generated)/' },
      exclude: { path: '^[^/]+/dist/' },
      validate: true,
      ruleSet: { forbidden: RULES.map((rule) => ({ severity: 'error' as const, ...rule })) },
    },
    { extensions: ['.ts', '.mts', '.mjs', '.js', '.json'], exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  );
  const { modules, summary } = output as ICruiseResult;
  const found = summary.violations.map(({ rule, from, to, cycle }) => ({
    rule: rule.name,
    from,
    to: cycle ? cycle.map(({ name }) => name).join(' → ') : to,
    why: RULES.find(({ name }) => name === rule.name)?.comment ?? '',
  }));
  const own = modules.filter(({ source }) => !/(^|\/)(node_modules|generated)\//.test(source) && existsSync(join(root, source)));
  return { moduleCount: own.length, violations: [...found, ...own.flatMap(findComposing)] };
}

function findComposing({ source, dependencies }: ICruiseResult['modules'][number]): Violation[] {
  if (COMPOSITION.test(source) || source.startsWith('test/')) return [];
  const imported = dependencies.map(({ resolved }) => resolved);
  return APART.filter((pair) => pair.every((room) => imported.some((path) => room.test(path)))).map((pair) => ({
    rule: 'only-a-composition-composes',
    from: source,
    to: pair.map((room) => imported.find((path) => room.test(path))).join(' and '),
    why: 'only a composition.ts constructs implementations of several rooms; elsewhere they are handed in',
  }));
}

/** The visitor that the cruiser builds on is older than `using` declarations and throws at one. */
function teachUsing(): void {
  type Statement = { type: string; decls?: unknown[] };
  const prototype = Visitor.prototype as unknown as {
    visitStatement(statement: Statement): Statement;
    visitVariableDeclarator(declarator: unknown): unknown;
  };
  const { visitStatement } = prototype;
  prototype.visitStatement = function (this: typeof prototype, statement) {
    if (statement.type !== 'UsingDeclaration') return visitStatement.call(this, statement);
    statement.decls = statement.decls?.map((declarator) => this.visitVariableDeclarator(declarator));
    return statement;
  };
}
