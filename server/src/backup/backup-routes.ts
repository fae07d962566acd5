import { backupProgress, newBackup } from '@luban/contracts';
import type { Http } from '../platform/http/http.ts';
import type { Backup } from './backup.ts';

const note = 'Only through the operator’s door: the socket `operator/door` in the data directory.';

export function registerBackupRoutes(http: Http, backup: Backup): void {
  http.route({
    method: 'POST',
    url: '/api/v1/backups',
    config: { permission: 'operator' },
    schema: {
      summary: 'Begin a backup of the whole platform into a new folder on its machine',
      description: note,
      tags: ['operation'],
      body: newBackup,
      response: { 202: backupProgress },
    },
    handler: async (request, reply) => reply.status(202).send(backup.begin(request.body.to)),
  });
  http.route({
    method: 'GET',
    url: '/api/v1/backups/newest',
    config: { permission: 'operator' },
    schema: {
      summary: 'The backup that is under way, or the last one since the start',
      description: note,
      tags: ['operation'],
      response: { 200: backupProgress },
    },
    handler: () => backup.progress(),
  });
}
