import { useMutation } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { App } from 'antd';
import type { ListedDevice } from '../api/api-types.ts';
import { queryClient } from '../api/query-client.ts';
import { api } from '../api/request.ts';
import { deviceTexts as texts } from '../language/device-texts.ts';
import { useText } from '../language/language.tsx';
import type { NewBinding } from './binding-draft.ts';

/** Sends bindings, all or none, and leads to the list where they begin to read. */
export function useBind(device: ListedDevice) {
  const t = useText();
  const navigate = useNavigate();
  const { message } = App.useApp();
  return useMutation({
    mutationFn: (bindings: readonly NewBinding[]) => api.post(`/devices/${device.id}/bindings`, { bindings }),
    onSuccess: async (_, bindings) => {
      message.success(t(texts.bound)(bindings.length));
      for (const queryKey of [['points'], ['bindings', device.id], ['device', device.id], ['devices', device.edge]])
        await queryClient.invalidateQueries({ queryKey });
      await navigate({ to: '/edges/$id/devices/$device', params: { id: device.edge, device: device.id } });
    },
  });
}
