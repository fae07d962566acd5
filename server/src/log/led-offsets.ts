import type { OffsetStore } from './log-contract.ts';
import { LogFault } from './log-fault.ts';

/** The place of a consumer that one server at a time has. `overtaken` hears when another server has committed since. */
export function ledOffsets(offsets: OffsetStore, overtaken: () => void): OffsetStore {
  async function told<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      if (error instanceof LogFault && error.code === 'log.position') overtaken();
      throw error;
    }
  }
  const { tenure } = offsets;
  return {
    get committed() {
      return offsets.committed;
    },
    commit: (position) => told(offsets.commit(position)),
    reload: () => offsets.reload(),
    tenure: tenure && { ...tenure, begin: (after) => told(tenure.begin(after)) },
  };
}
