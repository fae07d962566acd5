import { importReport, type Job } from '@luban/contracts';
import { useMutation, useQuery } from '@tanstack/react-query';
import { App, Button, Progress } from 'antd';
import { textOf } from '../api/api-error.ts';
import { jobsQuery } from '../api/queries.ts';
import { queryClient } from '../api/query-client.ts';
import { api } from '../api/request.ts';
import { formatCount } from '../design/format-number.ts';
import { Moment } from '../design/moment.tsx';
import { ErrorState, LoadingState } from '../design/state-page.tsx';
import { jobKinds, jobStates, historyTexts as texts } from '../language/history-texts.ts';
import { useLanguage, useText } from '../language/language.tsx';
import { shared } from '../language/shared-texts.ts';

const tones: Partial<Record<Job['state'], string>> = { done: 'ok', failed: 'broken', cancelled: 'warning' };

/** Imports and deletions with their progress and what came of them. */
export function JobsPanel({ mayCancel }: { mayCancel: boolean }) {
  const t = useText();
  const { message } = App.useApp();
  const jobs = useQuery(jobsQuery);
  const cancel = useMutation({
    mutationFn: (job: Job) => api.post(`/jobs/${job.id}/cancel`),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: jobsQuery.queryKey }),
    onError: (error) => message.error(t(textOf(error))),
  });
  return (
    <section className="panel">
      <div className="panel-head">
        <h2>{t(texts.jobs)}</h2>
      </div>
      {jobs.isPending ? (
        <LoadingState rows={2} />
      ) : jobs.data === undefined ? (
        <ErrorState error={jobs.error} retry={() => void jobs.refetch()} />
      ) : jobs.data.items.length === 0 ? (
        <p className="history-hint quiet">{t(texts.noJobs)}</p>
      ) : (
        <div className="table-scroll">
          <table className="table">
            <thead>
              <tr>
                <th>{t(texts.job)}</th>
                <th>{t(shared.state)}</th>
                <th>{t(texts.result)}</th>
                <th>{t(texts.begun)}</th>
                <th>
                  <span className="visually-hidden">{t(texts.cancelJob)}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {jobs.data.items.map((job) => (
                <tr key={job.id}>
                  <td className="nowrap">
                    {t(jobKinds[job.kind])} <span className="quiet">{fileOf(job)}</span>
                  </td>
                  <td className="nowrap">
                    <span className={`tag ${tones[job.state] ?? ''}`}>{t(jobStates[job.state])}</span>
                  </td>
                  <td style={{ minWidth: 200 }}>
                    <Result job={job} />
                  </td>
                  <td className="nowrap second">
                    <Moment timeMs={Date.parse(job.createdAt)} />
                  </td>
                  <td className="right">
                    {mayCancel && job.finishedAt === null && (
                      <Button size="small" onClick={() => cancel.mutate(job)}>
                        {t(texts.cancelJob)}
                      </Button>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function fileOf({ detail }: Job): string {
  return typeof detail === 'object' && detail !== null && 'name' in detail ? String(detail.name) : '';
}

function Result({ job }: { job: Job }) {
  const t = useText();
  const { language } = useLanguage();
  const { done, total } = job.progress;
  if (job.state === 'running')
    return <Progress size="small" percent={total ? Math.round((done / total) * 100) : 0} style={{ maxWidth: 240 }} />;
  if (job.kind === 'delete-readings' && job.state === 'done') {
    const deleted = (job.report as { deleted?: number } | null)?.deleted ?? 0;
    return t(texts.deleted)(formatCount(deleted, language));
  }
  const report = importReport.safeParse(job.report).data;
  if (report !== undefined && report.errorCount > 0)
    return (
      <>
        {t(texts.wrongRows)(report.errorCount)}
        <ul className="job-errors second">
          {report.errors.map(({ line, column, text }) => (
            <li key={`${line}/${column}`}>
              {t(texts.line)(line)} <code>{column}</code>: {t(text)}
            </li>
          ))}
        </ul>
      </>
    );
  if (report !== undefined) return t(texts.accepted)(formatCount(report.accepted, language), report.points);
  return job.cause === null ? null : (
    <>
      {t(job.cause.text)} <span className="quiet">{job.cause.detail}</span>
    </>
  );
}
