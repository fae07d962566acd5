import { useMutation } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { App } from 'antd';
import { textOf } from '../api/api-error.ts';
import type { ListedDevice } from '../api/api-types.ts';
import { queryClient } from '../api/query-client.ts';
import { api } from '../api/request.ts';
import { edgesTexts as texts } from '../language/edges-texts.ts';
import { useText } from '../language/language.tsx';
import { shared } from '../language/shared-texts.ts';

/** Enabling, disabling and deleting a device of an edge; deleting asks first and leads back to the edge. */
export function useDeviceActions(edge: string) {
  const t = useText();
  const navigate = useNavigate();
  const { modal, message } = App.useApp();
  const onError = (error: unknown) => message.error(t(textOf(error)));
  const change = useMutation({
    mutationFn: ({ id, etag, report: _, bindingCount: __, ...device }: ListedDevice) =>
      api.put<ListedDevice>(`/devices/${id}`, { ...device, enabled: !device.enabled }, etag),
    onSuccess: async (saved) => {
      queryClient.setQueryData(['device', saved.id], saved);
      await queryClient.invalidateQueries({ queryKey: ['devices', edge] });
    },
    onError,
  });
  const removal = useMutation({
    mutationFn: (device: ListedDevice) => api.delete(`/devices/${device.id}`),
    onSuccess: async (_, { id }) => {
      await navigate({ to: '/edges/$id', params: { id: edge } });
      queryClient.removeQueries({ queryKey: ['device', id] });
      await queryClient.invalidateQueries({ queryKey: ['devices', edge] });
      await queryClient.invalidateQueries({ queryKey: ['points'] });
    },
    onError,
  });
  const remove = (device: ListedDevice) =>
    modal.confirm({
      title: `${t(texts.removeDevice)}: ${device.name}`,
      content: t(texts.removeDeviceSure),
      okText: t(shared.remove),
      okButtonProps: { danger: true },
      onOk: () => removal.mutateAsync(device).catch(() => undefined), // onError has told it
    });
  return { change, remove };
}
