import { configurationTests } from '../../e2e/mariadb/configuration.ts';

configurationTests('10.11', true);
