/** Below the ephemeral range, so that no connection of ours can hold one of them. */
export const gatewayPort = 21_900;
export const secondGatewayPort = 21_910;
export const bareServerPort = 21_920;
export const barePostgresPort = 21_930;
export const bareRedisPort = 21_931;
export const enginePorts = '21950-21999';
