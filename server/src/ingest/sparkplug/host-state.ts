import { errorLine } from '../../platform/log-lines.ts';
import type { DialectContext } from '../dialect.ts';
import type { MachineIdentity } from '../mqtt-identity.ts';

/** The name of this host application: what an edge node that waits for its primary host is configured with. */
const hostId = 'luban';
const topic = `spBv1.0/STATE/${hostId}`;
/** Sparkplug before 3.0. */
const oldTopic = `STATE/${hostId}`;
const filters: Record<string, readonly string[]> = {
  [topic]: [topic],
  [oldTopic]: [oldTopic],
  'spBv1.0/STATE/+': [topic],
  'STATE/+': [oldTopic],
};

/**
 * Tells edge nodes whether their primary host is there: retained, from the first that asks in a tenant until the platform
 * stops. A platform that is killed takes its broker with it, so nobody can believe that it is online.
 */
export function createHostState({ publish, nowUs, lines }: Pick<DialectContext, 'publish' | 'nowUs' | 'lines'>) {
  const nowMs = () => Math.floor(nowUs() / 1000);
  const onlineSinceMs = nowMs();
  const told = new Map<string, { tenant: MachineIdentity['tenant']; of: string }>();

  async function tell(tenant: MachineIdentity['tenant'], of: string, online: boolean): Promise<void> {
    const text =
      of === oldTopic
        ? online
          ? 'ONLINE'
          : 'OFFLINE'
        : JSON.stringify({ online, timestamp: online ? onlineSinceMs : nowMs() });
    try {
      await publish(tenant, of, Buffer.from(text), { qos: 1, retain: true });
    } catch (error) {
      lines('warn', 'sparkplug state not told', { topic: of, cause: errorLine(error) });
    }
  }

  return {
    isFilter: (filter: string) => Object.hasOwn(filters, filter),
    async subscribed({ tenant }: MachineIdentity, filter: string): Promise<void> {
      for (const of of filters[filter] ?? []) {
        if (told.has(`${tenant} ${of}`)) continue;
        told.set(`${tenant} ${of}`, { tenant, of });
        await tell(tenant, of, true);
      }
    },
    async offline(): Promise<void> {
      const all = [...told.values()];
      told.clear();
      await Promise.all(all.map(({ tenant, of }) => tell(tenant, of, false)));
    },
  };
}
