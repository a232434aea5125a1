/** Parsed and judged documents. Clients send the same few again and again: they are parsed and validated once. */
import { type DocumentNode, getOperationAST, GraphQLError, type GraphQLSchema, parse, validate } from 'graphql';
import { type Verdict, judgeCost } from './cost.ts';
import { limitError, shapeErrors } from './document-limits.ts';
import type { Limits } from './limits.ts';

export interface PreparedDocument {
  readonly document: DocumentNode;
  /** of syntax, shape and validation; such a document is never executed */
  readonly errors: readonly GraphQLError[];
  /** small, and unlike the document's own text the same for the same document */
  readonly key: number;
  costErrors(operationName: string | null | undefined, variables: { readonly [name: string]: unknown }): readonly GraphQLError[];
}
export interface Documents {
  prepare(source: string): PreparedDocument;
  of(document: DocumentNode): PreparedDocument | undefined;
}

const nothing: DocumentNode = { kind: 'Document' as DocumentNode['kind'], definitions: [] };

const asRefusal = (error: unknown): GraphQLError => {
  if (!(error instanceof GraphQLError)) throw error;
  return new GraphQLError(error.message, { ...error.toJSON(), nodes: error.nodes ?? null, source: error.source ?? null, positions: error.positions ?? null, extensions: { code: 'REQUEST.INVALID', ...error.extensions } });
};

export function createDocuments(schema: GraphQLSchema, limits: Limits): Documents {
  const bySource = new Map<string, PreparedDocument>();
  const byDocument = new WeakMap<DocumentNode, PreparedDocument>();
  let chars = 0;
  let made = 0;

  function judge(source: string): { document: DocumentNode; errors: readonly GraphQLError[] } {
    let document: DocumentNode;
    try {
      document = parse(source, { maxTokens: limits.maxTokens });
    } catch (error) {
      const refusal = asRefusal(error);
      return { document: { ...nothing }, errors: [/^Syntax Error: Document contains more than/.test(refusal.message) ? limitError(`the document has more than ${limits.maxTokens} tokens`) : refusal] };
    }
    const shape = shapeErrors(document, limits);
    return { document, errors: shape.length > 0 ? shape : validate(schema, document, undefined, { maxErrors: limits.maxErrors }).map(asRefusal) };
  }

  function make(source: string): PreparedDocument {
    const { document, errors } = judge(source);
    const verdicts = new Map<string, Verdict>();
    return {
      document,
      errors,
      key: ++made,
      costErrors(operationName, variables) {
        const name = operationName ?? '';
        const known = verdicts.get(name);
        if (known) return known.errors;
        const operation = getOperationAST(document, operationName);
        if (!operation) return [];
        const verdict = judgeCost(schema, document, operation, variables, limits);
        if (!verdict.dependsOnVariables) verdicts.set(name, verdict);
        return verdict.errors;
      },
    };
  }

  function keep(source: string, prepared: PreparedDocument): void {
    if (source.length > limits.cachedDocumentChars) return;
    bySource.set(source, prepared);
    chars += source.length;
    for (const [oldest] of bySource) {
      if (bySource.size <= limits.cachedDocuments && chars <= limits.cachedDocumentChars) break;
      bySource.delete(oldest);
      chars -= oldest.length;
    }
  }

  return {
    prepare(source) {
      const known = bySource.get(source);
      if (known) {
        // Last in the map = used last.
        bySource.delete(source);
        bySource.set(source, known);
        return known;
      }
      const prepared = make(source);
      byDocument.set(prepared.document, prepared);
      keep(source, prepared);
      return prepared;
    },
    of: (document) => byDocument.get(document),
  };
}
