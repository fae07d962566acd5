import { expect, test } from 'vitest';
import { SeriesDirectory } from './series-directory.ts';

const added = { added: 1000, upTo: 500 };

test('a sender from another platform may call its series what they were called there, and nobody else’s', () => {
  const directory = new SeriesDirectory();
  directory.set(7, 20); // the other tenant’s
  directory.set(1007, 1030); // called 7 before
  directory.set(1008, 1030);
  directory.set(1009, 1031); // another sender’s
  expect(directory.asHere(1030, 2, Uint32Array.of(7, 8))).toBeNull();
  directory.setArrived([{ tenant: 'tenant:a', number: 2, series: added, senders: added, complete: true }]);
  expect(directory.asHere(1030, 2, Uint32Array.of(7, 8, 1007))).toEqual(Uint32Array.of(1007, 1008, 1007));
  for (const foreign of [9, 10, 501, 1009]) expect(directory.asHere(1030, 2, Uint32Array.of(7, foreign))).toBeNull();
  // The tenant that was here before means what it says.
  expect(directory.asHere(20, 1, Uint32Array.of(8))).toBeNull();
});
