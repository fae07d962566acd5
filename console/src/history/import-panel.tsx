import { UploadOutlined } from '@ant-design/icons';
import { useMutation } from '@tanstack/react-query';
import { Button } from 'antd';
import { useRef } from 'react';
import { jobsQuery } from '../api/queries.ts';
import { queryClient } from '../api/query-client.ts';
import { sendFile } from '../api/request.ts';
import { Problem } from '../design/problem.tsx';
import { historyTexts as texts } from '../language/history-texts.ts';
import { useText } from '../language/language.tsx';

export function ImportPanel() {
  const t = useText();
  const input = useRef<HTMLInputElement>(null);
  const upload = useMutation({
    mutationFn: (file: File) => sendFile('/imports', { name: file.name.slice(0, 200) }, 'text/csv', file),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: jobsQuery.queryKey }),
  });
  return (
    <section className="panel">
      <div className="panel-head">
        <h2>{t(texts.import)}</h2>
      </div>
      <p className="history-hint">{t(texts.importHint)}</p>
      <div className="history-import">
        <Problem error={upload.error} />
        <input
          ref={input}
          type="file"
          accept=".csv,text/csv"
          hidden
          onChange={(event) => {
            const file = event.target.files?.[0];
            event.target.value = '';
            if (file !== undefined) upload.mutate(file);
          }}
        />
        <Button icon={<UploadOutlined />} loading={upload.isPending} onClick={() => input.current?.click()}>
          {upload.isPending ? t(texts.uploading) : t(texts.choose)}
        </Button>
      </div>
    </section>
  );
}
