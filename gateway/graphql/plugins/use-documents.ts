import type { DocumentNode } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { Documents } from '../documents.ts';

/** Parsing and validation, from the cache where it has them. A document that does not parse fails in validation. */
export function useDocuments(documents: Documents): Plugin {
  const parse = (source: unknown): DocumentNode => documents.prepare(typeof source === 'string' ? source : (source as { body: string }).body).document;
  return {
    onParse: ({ setParseFn }) => setParseFn(parse),
    onValidate: ({ params, setResult }) => {
      const known = documents.of(params.documentAST);
      if (known) setResult([...known.errors]);
    },
  };
}
