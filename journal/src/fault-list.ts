import type { JournalFault } from './journal-contract.ts';

export interface FaultList {
  report(fault: JournalFault): void;
  all(): JournalFault[];
}

const FAULTS_KEPT = 1000;

export function createFaultList(onFault: ((fault: JournalFault) => void) | undefined): FaultList {
  const faults: JournalFault[] = [];
  return {
    report(fault) {
      faults.push(fault);
      if (faults.length > FAULTS_KEPT) faults.shift();
      // Apart from the caller's stack: what a listener throws must not fail an append.
      if (onFault) queueMicrotask(() => onFault(fault));
    },
    all: () => [...faults],
  };
}
