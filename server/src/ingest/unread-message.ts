import type { LocalText } from '@luban/contracts';
import type { Ingest } from './ingest-contract.ts';
import type { IngestOutcome, Sender } from './ingest-outcome.ts';
import { SamplesRefused } from './json-samples.ts';
import type { RefusedValue, RefusedValues } from './refused-values.ts';

type Refusal = Extract<IngestOutcome, { ok: false }>;

/** Stands for every key of a message. */
const everyKey = '*';

const why: Record<Refusal['reason'], LocalText> = {
  malformed: { zh: '整条消息被拒收，内容有误', en: 'the whole message was refused' },
  'not-authorized': {
    zh: '整条消息被拒收，其中有不属于它的点位',
    en: 'the whole message was refused for points that are not its own',
  },
  unavailable: { zh: '暂时不能接收', en: 'could not be taken at the time' },
};

/** A whole message that was refused, as it is shown with its thing. */
export function wholeMessage({ reason, said }: { reason: Refusal['reason']; said: LocalText }): RefusedValue {
  const { zh, en } = why[reason];
  return { key: everyKey, reason: { zh: `${zh}：${said.zh}`, en: `${en}: ${said.en}` } };
}

/** A door could make no samples of a message: it is counted for its sender, and shown with the thing if that sent it. */
export function refuseUnread(
  { ingest, refused }: { ingest: Pick<Ingest, 'refused'>; refused: RefusedValues },
  sender: Sender,
  error: unknown,
  message: string,
): void {
  const values = error instanceof SamplesRefused ? error : { samples: 0, refused: [] };
  ingest.refused(sender, { reason: 'malformed', samples: values.samples, batches: 1 });
  if (sender.thing === undefined) return;
  const shown =
    values.refused.length > 0
      ? values.refused
      : [wholeMessage({ reason: 'malformed', said: { zh: message, en: message } })];
  refused.note(sender.thing, 'luban', shown);
}
