import { DeleteOutlined } from '@ant-design/icons';
import { useMutation } from '@tanstack/react-query';
import { App, Button, Tooltip } from 'antd';
import { textOf } from '../api/api-error.ts';
import { api } from '../api/request.ts';
import { formatCount } from '../design/format-number.ts';
import { historyTexts as texts } from '../language/history-texts.ts';
import { useLanguage, useText } from '../language/language.tsx';
import type { Span } from './time-range.ts';

/** Deletes what is shown, once the owner has seen how much it is. */
export function DeleteHistory({ series, span }: { series: readonly number[]; span: Span }) {
  const t = useText();
  const { language } = useLanguage();
  const { modal, message } = App.useApp();
  // The shown time moves on while the question is open: what was counted is what is deleted.
  const shown = () => ({
    series: series.join(','),
    from: Math.floor(span.fromMs * 1000),
    to: Math.ceil(span.toMs * 1000),
  });
  const remove = useMutation({
    mutationFn: (what: ReturnType<typeof shown> & { samples: number }) => api.delete('/readings', what),
    onSuccess: () => message.success(t(texts.deleteBegun)),
    onError: (error) => message.error(t(textOf(error))),
  });
  const ask = useMutation({
    mutationFn: (what: ReturnType<typeof shown>) => api.delete<{ samples: number }>('/readings', what),
    onSuccess: ({ samples }, what) => {
      if (samples === 0) {
        message.info(t(texts.deleteNone));
        return;
      }
      modal.confirm({
        title: t(texts.deleteTitle),
        content: t(texts.deleteHint)(formatCount(samples, language)),
        okText: t(texts.deleteConfirm),
        okButtonProps: { danger: true },
        onOk: () => remove.mutateAsync({ ...what, samples }).catch(() => undefined), // onError has told it
      });
    },
    onError: (error) => message.error(t(textOf(error))),
  });
  return (
    <Tooltip title={t(texts.deleteTitle)}>
      <Button
        icon={<DeleteOutlined />}
        aria-label={t(texts.deleteTitle)}
        loading={ask.isPending}
        disabled={series.length === 0}
        onClick={() => ask.mutate(shown())}
      />
    </Tooltip>
  );
}
