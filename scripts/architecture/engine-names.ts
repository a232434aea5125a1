/**
 * Nothing in the core branches on an engine's name: code outside `strategies/datastores/<engine>` may not even say
 * one, in an identifier or in a string. Comments and GraphQL descriptions may, as examples for people.
 */
import { readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { parse } from '@swc/core';
import { filesBelow } from '../fingerprint.mjs';

export interface EngineNameUse {
  file: string;
  line: number;
  /** The identifier or string that holds the name. */
  text: string;
  name: string;
}

const NAMES = ['postgres', 'redis', 'mysql', 'mariadb', 'mongo', 'cassandra', 'valkey'];
/** "mysqld", "mongosh" and "postgresql" are the same names; "redistribute" is a word of its own. */
const SUFFIXES = '(ql|d|db|s|sh|od)?';
const WORD = new RegExp(`^(${NAMES.join('|')})${SUFFIXES}$`);

const ROOMS = ['agent', 'cli', 'compute', 'gateway', 'host', 'kernel', 'kit', 'sdk', 'strategies'];

/** Where a name is not a branch on an engine. */
const ALLOWED: { path: RegExp; names?: string[]; because: string }[] = [
  { path: /^strategies\/datastores\//, because: 'a plugin knows its engine' },
  { path: /^strategies\/registry\.ts$/, because: 'the list of built-in plugins has to name their folders' },
  { path: /^gateway\/store\//, names: ['postgres'], because: 'the control plane’s own store' },
  { path: /^host\//, names: ['postgres'], because: 'it runs the store’s embedded server, and shows a first example' },
  { path: /^kit\/harness\/unprivileged\.ts$/, names: ['postgres'], because: 'a user of the operating system' },
  { path: /^kernel\/settings(-shapes)?\.ts$/, names: ['postgres', 'redis'], because: 'the store’s URL, and examples in the reference' },
];

export async function findEngineNames(root: string): Promise<EngineNameUse[]> {
  const files = ROOMS.flatMap((room) => filesBelow(join(root, room))).filter((file) => /\.m?[jt]s$/.test(file));
  const uses = await Promise.all(files.map(async (file) => usesIn(relative(root, file), await readFile(file, 'utf8'))));
  return uses.flat();
}

async function usesIn(file: string, source: string): Promise<EngineNameUse[]> {
  const allowed = ALLOWED.filter(({ path }) => path.test(file));
  if (allowed.some(({ names }) => !names) || !new RegExp(NAMES.join('|'), 'i').test(source)) return [];
  const texts: string[] = [];
  collect(await parse(source, { syntax: 'typescript', target: 'esnext' }), texts);
  const allowedNames = allowed.flatMap(({ names }) => names ?? []);
  return texts.flatMap((text) => {
    const name = engineNameIn(text);
    return !name || allowedNames.includes(name) ? [] : [{ file, line: lineOf(source, text), text, name }];
  });
}

/** The engine that a text names as a word, however it is written: `postgresUrl`, `MYSQL_PORT`, `'redis:7'`. */
export function engineNameIn(text: string): string | undefined {
  const words = text
    .replaceAll(/(Postgre|My)SQL/g, (_, start: string) => `${start}sql`)
    .replaceAll(/(Maria|Mongo)DB/g, (_, start: string) => `${start}db`)
    .split(/[^A-Za-z]+|(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/);
  for (const word of words) {
    const match = WORD.exec(word.toLowerCase());
    if (match) return match[1];
  }
  return undefined;
}

interface Node {
  type?: string;
  value?: unknown;
  key?: { value?: unknown };
  raw?: unknown;
}

/** Identifiers, property names, strings and parts of templates; the tree holds no comments. */
function collect(node: unknown, texts: string[]): void {
  if (Array.isArray(node)) {
    for (const item of node) collect(item, texts);
    return;
  }
  if (typeof node !== 'object' || node === null) return;
  const { type, value, key, raw } = node as Node;
  if (type === 'KeyValueProperty' && key?.value === 'description') return;
  if ((type === 'Identifier' || type === 'StringLiteral') && typeof value === 'string') texts.push(value);
  if (type === 'TemplateElement' && typeof raw === 'string') texts.push(raw);
  for (const child of Object.values(node)) collect(child, texts);
}

/** Good enough for a message: the first line that holds the text and is not a comment. */
function lineOf(source: string, text: string): number {
  const lines = source.split('\n');
  const first = text.split('\n').find((line) => engineNameIn(line)) ?? text;
  const isComment = (line: string) => /^\s*(\/\/|\/?\*)/.test(line);
  return lines.findIndex((line) => line.includes(first) && !isComment(line)) + 1;
}
