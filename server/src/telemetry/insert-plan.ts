import { open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

/** The log records that the newest insert holds: everything before `from` is stored, `from` … `to` − 1 may be. */
export interface InsertPlan {
  readonly from: number;
  readonly to: number;
  /** Of the process that made it; absent where the log is in its own folder. */
  readonly tenure?: string | undefined;
}

const planSchema = z.object({ from: z.int().min(0), to: z.int().min(1), tenure: z.string().optional() });

/**
 * The plan survives any crash, so that a block whose insert may have happened is made again from exactly the same
 * records. Undefined before the first insert.
 */
export async function readInsertPlan(directory: string): Promise<InsertPlan | undefined> {
  let text: string;
  try {
    text = await readFile(join(directory, 'plan.json'), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  return planSchema.parse(JSON.parse(text));
}

/** It is of a log that is gone: the positions of the new one would come to mean it. */
export async function forgetInsertPlan(directory: string): Promise<void> {
  await rm(join(directory, 'plan.json'), { force: true });
  await syncFolder(directory);
}

/** It says of another store, or of this one at another time, what is not so here; kept for who looks for the cause. */
export async function setInsertPlanAside(directory: string): Promise<void> {
  await rename(join(directory, 'plan.json'), join(directory, 'plan-set-aside.json'));
  await syncFolder(directory);
}

export async function writeInsertPlan(directory: string, plan: InsertPlan): Promise<void> {
  const path = join(directory, 'plan.json');
  const file = await open(`${path}.new`, 'w', 0o600);
  try {
    await file.writeFile(JSON.stringify(plan));
    await file.datasync();
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
  await syncFolder(directory);
}

async function syncFolder(directory: string): Promise<void> {
  const folder = await open(directory, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
