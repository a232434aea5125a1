/** The parameters of a version: values as JSON has them, found by what people type, paged, and refused where there are none. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type ApiServer, startApiServer } from '../../support/api-server.ts';
import { catalogue } from '../../support/parameter-catalogue.ts';

let server: ApiServer;
beforeAll(async () => { server = await startApiServer(); });
afterAll(() => server.close());
beforeEach(() => server.fake.setParameters(catalogue));
afterEach(() => server.fake.setParameters(null));

const asked = async (selection: string): Promise<any> => {
  const { body } = await server.post(`{ datastore(name: "postgresql") { defaultVersion { ${selection} } } }`);
  return { errors: body.errors, ...body.data.datastore.defaultVersion };
};
const names = ({ parameters: { edges } }: any): string[] => edges.map(({ node }: any) => node.name);
const whole = 'name type description default min max allowed unit dynamic settable reason warning';

describe('a parameter', () => {
  it('has its values in the types that JSON has for them', async () => {
    const { parameters } = await asked('parameters { edges { node { name default min max allowed } } }');
    const values = Object.fromEntries(parameters.edges.map(({ node: { name, ...rest } }: any) => [name, Object.values(rest)]));
    expect(values).toMatchObject({
      durable: [true, null, null, null], page_cache: [16_384, 16, 1_073_741_823, null], page_cost: [4, 0, 1_000_000, null], commit_mode: ['on', null, null, ['local', 'remote', 'on', 'off']], time_zone: ['UTC', null, null, null],
    });
  });
  it('keeps the last digits of a number of 64 bits', async () => {
    server.fake.setParameters([{ ...catalogue[0]!, unit: null, default: '18446744073709547520', max: null }]);
    expect((await asked('parameter(name: "page_cache") { default }')).parameter).toEqual({ default: '18446744073709547520' });
  });
  it('says whether a group may set it, when it takes effect and what to know', async () => {
    const one = async (name: string): Promise<unknown> => (await asked(`parameter(name: "${name}") { ${whole} }`)).parameter;
    expect(await one('page_cache')).toEqual({
      name: 'page_cache', type: 'INTEGER', description: 'A parameter.', default: 16_384, min: 16, max: 1_073_741_823, allowed: null, unit: '8kB', dynamic: false, settable: true, reason: null, warning: null,
    });
    expect(await one('durable')).toMatchObject({ type: 'BOOLEAN', dynamic: true, settable: true, warning: 'The last commits are lost in a crash.' });
    expect(await one('port')).toMatchObject({ settable: false, reason: 'Coffer chooses where engines listen.' });
    expect(await one('segment_size')).toMatchObject({ dynamic: false, settable: false, reason: 'It is fixed when the data are made.' });
    expect(await one('no_such')).toBeNull();
  });
});

describe('the parameters of a version', () => {
  it('are in order and in pages', async () => {
    const first = await asked('parameters(first: 4) { totalCount pageInfo { hasNextPage endCursor } edges { node { name } } }');
    expect(names(first)).toEqual(['commit_mode', 'durable', 'lock_timeout', 'most_connections']);
    expect(first.parameters).toMatchObject({ totalCount: 10, pageInfo: { hasNextPage: true } });
    expect(names(await asked(`parameters(first: 2, after: "${first.parameters.pageInfo.endCursor}") { edges { node { name } } }`))).toEqual(['page_cache', 'page_cost']);
  });
  it.each<[string, string[]]>([['page', ['page_cache', 'page_cost']], ['PAGE cache', ['page_cache']], ['lock-time', ['lock_timeout']], ['no such', []]])('with %j are %j', async (search, expected) =>
    expect(names(await asked(`parameters(search: "${search}") { edges { node { name } } }`))).toEqual(expected));
  it('are found by their descriptions too, after those found by name', async () => {
    server.fake.setParameters(catalogue.map((spec) => (spec.name === 'durable' ? { ...spec, description: 'Writes the page before it answers.' } : spec)));
    expect(names(await asked('parameters(search: "page") { edges { node { name } } }'))).toEqual(['page_cache', 'page_cost', 'durable']);
  });
  it('are null with the reason where a version has no groups', async () => {
    server.fake.setParameters(null);
    const { parameters, parameter, errors } = await asked('parameters { totalCount } parameter(name: "x") { name }');
    expect([parameters, parameter]).toEqual([null, null]);
    expect(errors).toMatchObject([{ message: expect.stringContaining('no CONFIGURATION: not yet') as string, extensions: { code: 'CAPABILITY.UNSUPPORTED' } }, { extensions: { code: 'CAPABILITY.UNSUPPORTED' } }]);
  });
});
