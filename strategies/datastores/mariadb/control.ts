/** Gateway side: decisions only. */
import type { ControlHalf } from '../../spi/control.ts';
import { judge } from '../sql-family/control.ts';
import { rootName } from '../sql-family/names.ts';
import { catalogueOf } from './catalogue/index.ts';
import { checkParameters } from './check-parameters.ts';
import { collationsOfTrack } from './collations.ts';
import { portName } from './manifest.ts';
import { names, privilegesOfTrack } from './rules.ts';
import { sizeServer } from './sizing.ts';

const rules = { names, collations: collationsOfTrack, privileges: privilegesOfTrack };

export const control: ControlHalf = {
  rootName,
  validate: async (proposal) => judge(proposal, rules),
  size: async (input) => sizeServer(input),
  parameters: ({ track }) => catalogueOf(track),
  checkParameters: async (input) => checkParameters(await catalogueOf(input.track), input),
  async endpoints({ host, ports }) {
    const port = ports[portName] ?? 0;
    const authority = host.includes(':') ? `[${host}]` : host;
    return [{ role: 'PRIMARY', host, port, tls: true, uri: `mariadb://${authority}:${port}/?sslMode=verify-full` }];
  },
};
