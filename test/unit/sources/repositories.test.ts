import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findMavenRepository, findPythonIndex } from '../../../strategies/sources/artefacts/find-repository.ts';
import { mirrorOfCentral, parseMavenSettings } from '../../../strategies/sources/artefacts/maven-settings.ts';
import { parsePipIndex } from '../../../strategies/sources/artefacts/pip-config.ts';
import { publicMavenRepository, publicPythonIndex } from '../../../strategies/sources/artefacts/public-repositories.ts';
import { findInIndex, normalisedProject } from '../../../strategies/sources/artefacts/python-index.ts';
import { parseRepository } from '../../../strategies/sources/artefacts/repository.ts';

const mirror = (id: string, mirrorOf: string, more = ''): string => `<mirror><id>${id}</id><mirrorOf>${mirrorOf}</mirrorOf><url>https://${id}.example.org/m2/?a=1&amp;b=2</url>${more}</mirror>`;
const settings = (...mirrors: string[]): string => `<?xml version="1.0"?><settings xmlns="http://maven.apache.org/SETTINGS/1.2.0"><mirrors>${mirrors.join('\n')}</mirrors></settings>`;
const urlOf = (xml: string): string | undefined => mirrorOfCentral(parseMavenSettings(xml, {}))?.url;

describe("Maven's settings", () => {
  it.each([
    ['central', true], ['*', true], ['external:*', true], ['corp,central', true], [' * ', true],
    ['corp', false], ['*,!central', false], ['external:http:*', false],
  ])('with a mirror of %j lead away from the central repository: %s', (pattern, leads) => {
    expect(urlOf(settings(mirror('m', pattern)))).toBe(leads ? 'https://m.example.org/m2/?a=1&b=2' : undefined);
  });

  it('prefer a mirror of central alone, and else keep their order', () => {
    expect(urlOf(settings(mirror('all', '*'), mirror('own', 'central')))).toContain('own.example.org');
    expect(urlOf(settings(mirror('first', '*'), mirror('second', '*')))).toContain('first.example.org');
  });

  it('do not count what is blocked or in a comment', () => {
    expect(urlOf(settings(mirror('blocker', '*', '<blocked>true</blocked>'), `<!-- ${mirror('old', '*')} -->`))).toBeUndefined();
    expect(urlOf('no xml at all')).toBeUndefined();
  });

  it('give the login of the server with the id of the mirror, unless Maven encrypted it', () => {
    const server = (password: string): string => `<servers><server><id>m</id><username>reader</username><password>${password}</password></server></servers>`;
    expect(parseMavenSettings(server('${env.TOKEN}') + mirror('m', '*'), { TOKEN: 's3cret' })[0]?.login).toEqual({ username: 'reader', password: 's3cret' });
    expect(parseMavenSettings(server('{jSMOWnoPFgsHVpMvz5VrIt5kRbzGpI8u=}') + mirror('m', '*'), {})[0]?.login).toBeUndefined();
  });
});

describe("pip's configuration", () => {
  it('names the index for all commands or for installing', () => {
    expect(parsePipIndex('[global]\ntimeout = 60\nindex-url = https://a.example.org/simple\n')).toBe('https://a.example.org/simple');
    expect(parsePipIndex('[global]\nindex_url: https://a.example.org/simple\n[install]\nindex-url=https://b.example.org/simple')).toBe('https://b.example.org/simple');
    expect(parsePipIndex('[global]\n# index-url = https://a.example.org\nextra-index-url = https://x.example.org\n[search]\nindex-url = https://s.example.org')).toBeUndefined();
  });
});

describe('an address', () => {
  it('loses its login, which goes into a header', () => {
    expect(parseRepository('https://reader:p%40ss@m.example.org/maven2/', 'here', 'S')).toEqual({
      url: 'https://m.example.org/maven2', namedBy: 'here', setting: 'S', authorization: `Basic ${Buffer.from('reader:p@ss').toString('base64')}`,
    });
  });
  it.each(['ftp://example.org', 'example.org/simple', '', 'file:///srv/simple'])('%j is none', (text) => { expect(parseRepository(text, '', '')).toBeUndefined(); });
});

describe('a page of a package index', () => {
  const file = 'a_b-1.0-py3-none-any.whl';
  it('in JSON names a file, also by an address relative to its own', () => {
    const text = JSON.stringify({ files: [{ filename: 'x', url: 'https://f/x' }, { filename: file, url: `../../p/${file}#sha256=00` }, { filename: 1 }] });
    expect(findInIndex({ text, contentType: 'application/vnd.pypi.simple.v1+json', url: 'https://i.example.org/team/simple/a-b/' }, file)).toBe(`https://i.example.org/team/p/${file}`);
  });

  it('in HTML does so too', () => {
    const page = (body: string): string | undefined => findInIndex({ text: body, contentType: 'text/html; charset=utf-8', url: 'https://i.example.org/simple/a-b/' }, file);
    expect(page(`<a href="https://f.example.org/${file}#sha256=00" data-requires-python="&gt;=3.7">${file}</a>`)).toBe(`https://f.example.org/${file}`);
    expect(page(`<A class='x' HREF='/p/${file}?a=1&amp;b=&#50;'>\n ${file} </A>`)).toBe(`https://i.example.org/p/${file}?a=1&b=2`);
    expect(page(`<base href="https://cdn.example.org/x/"><a href="${file}">${file}</a>`)).toBe(`https://cdn.example.org/x/${file}`);
    expect(page(`<a href="javascript:alert(1)">${file}</a>`)).toBeUndefined();
    expect(page('<a href="x">other.whl</a>')).toBeUndefined();
  });

  it('that is none has no file', () => {
    expect(findInIndex({ text: 'oops', contentType: 'application/json', url: 'https://i/' }, file)).toBeUndefined();
    expect(findInIndex({ text: 'null', contentType: 'application/json', url: 'https://i/' }, file)).toBeUndefined();
  });

  it('lies under the normalised name of its project', () => { expect(normalisedProject('Fifty.One__DB')).toBe('fifty-one-db'); });
});

describe('where files are fetched', () => {
  let home: string;
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'coffer-home-'));
    for (const directory of ['.m2', '.config/pip', 'maven/conf']) await mkdir(join(home, directory), { recursive: true });
  });
  afterAll(() => rm(home, { recursive: true }));

  it('is the setting, else the mirror of the user, else that of the installation, else the public repository', async () => {
    const find = async (setting?: string): Promise<string> => (await findMavenRepository({ maven: setting ?? null }, { MAVEN_HOME: join(home, 'maven') }, home)).url;
    expect(await find()).toBe(publicMavenRepository);
    await writeFile(join(home, 'maven/conf/settings.xml'), settings(mirror('installation', '*')));
    expect(await find()).toBe('https://installation.example.org/m2');
    await writeFile(join(home, '.m2/settings.xml'), settings(mirror('user', '*')));
    expect(await find()).toBe('https://user.example.org/m2');
    expect(await find('https://mine.example.org/m2')).toBe('https://mine.example.org/m2');
  });

  it('is the setting, else what pip asks, else the public index', async () => {
    const find = (env: Record<string, string> = {}, setting?: string): ReturnType<typeof findPythonIndex> => findPythonIndex({ python: setting ?? null }, env, home);
    expect((await find()).url).toBe(publicPythonIndex);
    await writeFile(join(home, '.config/pip/pip.conf'), '[global]\nindex-url = https://conf.example.org/simple\n');
    expect(await find()).toMatchObject({ url: 'https://conf.example.org/simple', namedBy: join(home, '.config/pip/pip.conf') });
    expect(await find({ PIP_INDEX_URL: 'https://env.example.org/simple' })).toMatchObject({ url: 'https://env.example.org/simple', namedBy: 'PIP_INDEX_URL' });
    expect((await find({ PIP_INDEX_URL: 'https://env.example.org/simple' }, 'https://mine.example.org/simple')).namedBy).toBe('COFFER_PYTHON_INDEX');
  });
});
