import type { Command } from 'commander';
import { type ViewerQuery, ViewerDocument } from '../generated/documents.ts';
import { action, type Kit } from '../command/action.ts';
import { addExamples, addYesOption, type YesOptions } from '../command/help.ts';
import { isLoopback, parseEndpoint } from '../api/endpoint.ts';
import { notFoundFailure } from '../failure.ts';
import { confirm } from '../prompt/confirm.ts';
import { askSecret, readInput } from '../prompt/secret.ts';
import { momentText } from '../output/units.ts';
import { type Config, readConfig, requireContextName, writeConfig } from '../session/config-file.ts';
import { readTokenFile, requireToken, type Session } from '../session/session.ts';
import { printList } from './listing.ts';

interface LoginOptions { name?: string }
const defaultName = 'default';

export function addContextCommands(program: Command, kit: Kit): void {
  const login = program.command('login').description('save an address and a token, after trying them').argument('[url]', 'of the GraphQL endpoint; http://127.0.0.1:8779/graphql when left out')
    .option('--name <name>', 'of the context that is saved', defaultName)
    .action(action<LoginOptions, [string | undefined]>(kit, logIn));
  addExamples(login, [
    { does: 'asks for the token', description: 'coffer login https://coffer.example.org' },
    { does: 'in a script', description: 'coffer login https://coffer.example.org --name production --token-file ./token' },
  ]);

  const context = program.command('context').description('saved logins');
  context.command('list').description('contexts, and which one is used').action(action(kit, async (session) => {
    const config = await readConfig(session.configPath);
    const nodes = Object.entries(config.contexts).map(([name, { url, project }]) => ({ name, url, project: project ?? null, isCurrent: name === config.current }));
    printList(session, 'contexts', { nodes, totalCount: nodes.length }, [
      { title: 'NAME', value: ({ name, isCurrent }) => (isCurrent ? `${name} *` : name) },
      { title: 'URL', value: ({ url }) => url },
      { title: 'PROJECT', value: ({ project }) => project },
    ]);
  }));
  context.command('use').description('use this context from now on').argument('<context>').action(action<object, [string]>(kit, async (session, _options, name) => {
    const config = await readConfig(session.configPath);
    await writeConfig(session.configPath, { ...requireContext(config, name), current: name });
    session.terminal.note(`${name} is used from now on: ${config.contexts[name]!.url}`);
  }));
  context.command('show').description('which server and token are used, where they come from, and who that makes you').action(action(kit, showContext));
  addYesOption(context.command('delete').description('forget a context and its token').argument('<context>')).action(action<YesOptions, [string]>(kit, async (session, { yes }, name) => {
    const config = requireContext(await readConfig(session.configPath), name);
    await confirm(session, `This forgets the context ${name} and its token`, yes);
    const { [name]: _gone, ...contexts } = config.contexts;
    await writeConfig(session.configPath, { current: config.current === name ? null : config.current, contexts });
    session.terminal.note(`${name} is forgotten; its token still works until it is revoked`);
  }));
}

function requireContext(config: Config, name: string): Config {
  if (!Object.hasOwn(config.contexts, name)) throw notFoundFailure(`there is no context "${name}"`, 'See `coffer context list`');
  return config;
}

async function logIn(session: Session, { name = defaultName }: LoginOptions, given: string | undefined): Promise<void> {
  const { options, terminal, env } = session;
  requireContextName(name);
  const config = await readConfig(session.configPath);
  const url = parseEndpoint(given ?? options.url ?? env['COFFER_URL'] ?? 'http://127.0.0.1:8779/graphql');
  if (url.startsWith('http:') && !isLoopback(url)) terminal.note(`Mind: ${url} is not encrypted, so the network between can read the token.`);
  const token = await findToken(session, url);
  const viewer = await whoIs(session, url, token);
  const project = options.project ?? undefined;
  await writeConfig(session.configPath, { current: name, contexts: { ...config.contexts, [name]: { url, token, ...(project ? { project } : {}) } } });
  if (session.isJson) terminal.json({ context: name, url, viewer });
  else terminal.line(`${describe(viewer)} at ${url}, saved as context ${name}`);
}

async function findToken({ options, terminal, ...session }: Session, url: string): Promise<string> {
  if (options.tokenFile) return readTokenFile(options.tokenFile);
  if (!terminal.isInteractive) return requireToken(await readInput(), 'standard input');
  return requireToken(await askSecret({ options, terminal, ...session }, `Token for ${url}: `), 'what was typed');
}

const whoIs = async (session: Session, url: string, token: string): Promise<ViewerQuery['viewer']> => (await session.clientFor(url, token).request(ViewerDocument, {})).viewer;

const describe = ({ actor, role, project }: ViewerQuery['viewer']): string => `${actor}, ${role.toLowerCase()}${project ? ` of ${project.name}` : ''}`;

async function showContext(session: Session): Promise<void> {
  const { terminal } = session;
  const target = await session.target();
  const [viewer, problem] = await whoIs(session, target.url, target.token).then((one) => [one, null] as const, (error: unknown) => [null, error] as const);
  if (session.isJson) terminal.json({ context: target.context, url: target.url, urlFrom: target.urlFrom, tokenFrom: target.tokenFrom, project: target.project, viewer });
  else {
    terminal.fields([
      ['context', target.context],
      ['url', `${target.url} (${target.urlFrom})`],
      ['token', target.tokenFrom],
      ['project', target.project],
      ['you are', viewer && describe(viewer)],
      ['expires', viewer?.expiresAt && momentText(viewer.expiresAt, terminal.nowMs())],
      ['server', viewer?.serverVersion],
    ]);
  }
  if (problem) throw problem;
}
