/** Where conductors were last known to be: what they told, then what the agent was started with. */
import type { SlotStore } from '../state/slot-store.ts';

export interface AddressBook {
  list(): string[];
  /** Remembered across restarts; never fails. */
  learn(addresses: readonly string[]): void;
}

const addressesKey = 'conductors';
const addressLimit = 16;

export const splitAddresses = (text: string): string[] => text.split(',').map((address) => address.trim()).filter((address) => address !== '');

export function createAddressBook(store: SlotStore, bootAddress: string): AddressBook {
  let learned = (store.get(addressesKey) as string[] | undefined) ?? [];
  return {
    list: () => [...new Set([...learned, ...splitAddresses(bootAddress)])],
    learn(addresses) {
      const next = addresses.flatMap(splitAddresses).slice(0, addressLimit);
      if (next.length === 0 || next.join() === learned.join()) return;
      learned = next;
      store.put(addressesKey, next).catch(() => undefined);
    },
  };
}
