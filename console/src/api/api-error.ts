import { type LocalText, type Problem, problem } from '@luban/contracts';

/** An answer that is not what was asked for. `status` is 0 when the platform could not be reached at all. */
export class ApiError extends Error {
  readonly status: number;
  /** The problem's stable code, or `console.unreachable` / `console.unexpected`. */
  readonly code: string;
  readonly text: LocalText;
  readonly traceId: string | null;
  readonly fields: readonly { pointer: string; message: string }[];

  constructor(found: Pick<Problem, 'status' | 'code' | 'text'> & Partial<Problem>, cause?: unknown) {
    super(`${found.code}: ${found.text.en}`, { cause });
    this.status = found.status;
    this.code = found.code;
    this.text = found.text;
    this.traceId = found.traceId ?? null;
    this.fields = found.errors ?? [];
  }
}

export function unreachable(cause: unknown): ApiError {
  return new ApiError(
    {
      status: 0,
      code: 'console.unreachable',
      text: {
        zh: '平台没有应答。请检查服务器是否在运行、网络是否连通；本页会自动重试。',
        en: 'The platform does not answer. Check that the server runs and the network is up; this page keeps trying.',
      },
    },
    cause,
  );
}

/** The error that a failed answer stands for; a proxy's page in between is named as such. */
export async function errorOf(answer: Response): Promise<ApiError> {
  const body: unknown = await answer.json().catch(() => null);
  const parsed = problem.safeParse(body);
  if (parsed.success) return new ApiError(parsed.data);
  if (answer.status === 502 || answer.status === 503 || answer.status === 504) return unreachable(body);
  return new ApiError({
    status: answer.status,
    code: 'console.unexpected',
    text: {
      zh: `平台的回答无法理解（HTTP ${answer.status}）。请重新加载页面；若仍如此，请查看服务器日志。`,
      en: `The platform gave an answer that the console does not understand (HTTP ${answer.status}). Reload; if it stays, look into the server's log.`,
    },
  });
}

/** Words for any failure, for a short message. */
export function textOf(error: unknown): LocalText {
  if (error instanceof ApiError) return error.text;
  return { zh: `控制台出错：${String(error)}`, en: `The console failed: ${String(error)}` };
}
