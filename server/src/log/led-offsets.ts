import type { OffsetStore } from './log-contract.ts';
import { LogFault } from './log-fault.ts';

/** The place of a consumer that one server at a time has. `overtaken` hears when another server has committed since. */
export function ledOffsets(offsets: OffsetStore, overtaken: () => void): OffsetStore {
  return {
    get committed() {
      return offsets.committed;
    },
    async commit(position) {
      try {
        await offsets.commit(position);
      } catch (error) {
        if (error instanceof LogFault && error.code === 'log.position') overtaken();
        throw error;
      }
    },
    reload: () => offsets.reload(),
  };
}
