import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { generateDocuments } from '../../../scripts/codegen/documents.ts';

let folder: string;
beforeAll(async () => { folder = await mkdtemp(join(tmpdir(), 'coffer-documents-')); });
afterAll(() => rm(folder, { recursive: true }));

async function generated(schema: string, document: string): Promise<string> {
  const options = { schemaPath: join(folder, 'schema.graphql'), documentsFolder: join(folder, 'documents'), outputPath: join(folder, 'generated/documents.ts') };
  await mkdir(options.documentsFolder, { recursive: true });
  await writeFile(options.schemaPath, schema);
  await writeFile(join(options.documentsFolder, 'one.graphql'), document);
  await generateDocuments(options);
  return readFile(options.outputPath, 'utf8');
}

test('every scalar has the type that JSON carries it as', async () => {
  const scalars = ['Cursor', 'DateTime', 'Secret'];
  const schema = `${scalars.map((name) => `scalar ${name}`).join('\n')}\ntype Query { all(${scalars.map((name) => `in${name}: ${name}!`).join(', ')}): All! }\ntype All { ${scalars.map((name) => `out${name}: ${name}!`).join(' ')} }`;
  const text = await generated(schema, `query Read(${scalars.map((name) => `$in${name}: ${name}!`).join(', ')}) { all(${scalars.map((name) => `in${name}: $in${name}`).join(', ')}) { ${scalars.map((name) => `out${name}`).join(' ')} } }`);
  for (const name of scalars) {
    expect(text).toMatch(new RegExp(`in${name}: string`));
    expect(text).toMatch(new RegExp(`out${name}: string`));
  }
});

test('a scalar that nobody has thought of fails the generation', async () => {
  await expect(generated('scalar Money\ntype Query { price: Money }', 'query Price { price }')).rejects.toThrow(/scalar Money/);
});
