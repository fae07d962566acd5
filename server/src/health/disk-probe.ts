import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** As much as a large batch: a disk with less room than that is full. */
const probeBytes = 1 << 20;

/** Writes a file in `directory`, waits until it is on disk and removes it. Rejects with what the system says. */
export async function probeDisk(directory: string): Promise<void> {
  const path = join(directory, 'health.probe');
  try {
    const file = await open(path, 'w', 0o600);
    try {
      await file.writeFile(Buffer.alloc(probeBytes));
      await file.datasync();
    } finally {
      await file.close();
    }
  } finally {
    await rm(path, { force: true });
  }
}
