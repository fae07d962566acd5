import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';

/** Plain JavaScript for a thread of its own: SQLite works without letting anything else happen. */
const code = `
const { parentPort, workerData } = require('node:worker_threads');
const Libsql = require(workerData.libsql);
const source = new Libsql(workerData.file);
source.exec('PRAGMA busy_timeout = 5000');
source.prepare('vacuum into ?').run(workerData.to);
source.close();
const copy = new Libsql(workerData.to, { readonly: true });
const tables = copy.prepare("select name from sqlite_master where type = 'table' and name not like 'sqlite_%' order by name").all();
const counts = {};
for (const { name } of tables) counts[name] = copy.prepare('select count(*) as count from "' + name + '"').get().count;
copy.close();
parentPort.postMessage(counts);
`;

/**
 * Writes the records in SQLite's `file`, as they are at one moment, into the new file `to`, whole and compact; writers go
 * on meanwhile. Returns the rows of each table. Rejects with SQLite's error.
 */
export function copyRecords(file: string, to: string): Promise<Record<string, number>> {
  const libsql = createRequire(import.meta.url).resolve('libsql');
  return new Promise((resolve, reject) => {
    const worker = new Worker(code, { eval: true, workerData: { libsql, file, to }, execArgv: [] });
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', (status) => reject(new Error(`the copy of the records ended with ${status}`)));
  });
}
