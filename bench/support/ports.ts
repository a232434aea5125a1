/** Below the ephemeral range, so that no connection can hold one of them by chance. */
export const bareServerPort = 21_920;
export const secondGatewayPort = 21_921;
export const bareEnginePort = 21_930;
export const enginePorts = '21950-21999';
