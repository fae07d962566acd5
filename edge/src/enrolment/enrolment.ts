import { join } from 'node:path';
import { type EdgeCredentials, edgeCredentials } from '@luban/contracts';
import { EdgeError, edgeCause, messageOf } from '../edge-errors.ts';
import { backOff, pause } from '../pause.ts';
import { software } from '../software.ts';
import { readStateFile, writeStateFile } from '../state-file.ts';

/**
 * The credentials of this edge: those in `directory`, or new ones for the one-time token, which are stored before they
 * are returned. Tries for ever while the platform cannot be reached (`onWaiting` hears why). Null when aborted.
 * Throws EdgeError `enrolment.no-token`, `enrolment.refused`, `enrolment.answer`, `state.damaged`.
 */
export async function enrol(options: {
  directory: string;
  platform: string;
  token: string | null;
  signal: AbortSignal;
  onWaiting(cause: ReturnType<typeof edgeCause>): void;
}): Promise<EdgeCredentials | null> {
  const path = join(options.directory, 'credentials.json');
  const stored = await readStateFile(path, edgeCredentials);
  if (stored) return stored;
  if (options.token === null) throw new EdgeError('enrolment.no-token', 'LUBAN_ENROLMENT_TOKEN');
  const wait = backOff(1000, 30_000);
  while (!options.signal.aborted) {
    const answer = await ask(options.platform, options.token, options.signal);
    if (answer.kind === 'enrolled') {
      await writeStateFile(path, answer.credentials);
      return answer.credentials;
    }
    options.onWaiting(edgeCause('enrolment.unreachable', answer.detail));
    await pause(wait.next(), options.signal);
  }
  return null;
}

type Answer = { kind: 'enrolled'; credentials: EdgeCredentials } | { kind: 'unreachable'; detail: string };

async function ask(platform: string, token: string, signal: AbortSignal): Promise<Answer> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(`${platform}/api/v1/edges/enrol`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token, software }),
      signal: AbortSignal.any([signal, AbortSignal.timeout(10_000)]),
    });
    text = await response.text();
  } catch (error) {
    const system = error instanceof Error ? error.cause : undefined;
    return { kind: 'unreachable', detail: `${messageOf(error)}${system ? ` (${messageOf(system)})` : ''}` };
  }
  if (response.status >= 500 || response.status === 429 || response.status === 408)
    return { kind: 'unreachable', detail: `HTTP ${response.status}` };
  if (!response.ok) throw new EdgeError('enrolment.refused', `HTTP ${response.status} ${text.slice(0, 300)}`);
  try {
    return { kind: 'enrolled', credentials: edgeCredentials.parse(JSON.parse(text)) };
  } catch (cause) {
    throw new EdgeError('enrolment.answer', messageOf(cause), cause);
  }
}
