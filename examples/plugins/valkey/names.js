export const managementName = 'coffer';

/** Coffer's own, and those that mean something to the engine or to people. */
export const isReserved = (/** @type {string} */ name) => {
  const lower = name.toLowerCase();
  return lower === 'default' || lower === 'root' || lower.startsWith(managementName);
};
