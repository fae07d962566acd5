import { z } from 'zod';

/** Where the simulated plant listens. */
const plantPorts = z.object({ type: z.literal('plant-started'), modbusPort: z.int(), opcuaPort: z.int() });
export type PlantPorts = z.infer<typeof plantPorts>;

/** Who starts processes: the platform itself starts none but its store's. */
export interface Launcher {
  /** Starts the simulated plant where it does not run, and remembers it for the next start. */
  startPlant(): Promise<PlantPorts>;
  startEdge(token: string): void;
  /** For the person at the terminal. */
  announce(address: string, link: string | null, setupCode: string | null): void;
}

/** The launcher that started this process with a message channel (`npm start`, `npm run demo`), or null. */
export function launcherOf(channel: NodeJS.Process): Launcher | null {
  if (channel.send === undefined) return null;
  const send = (message: object) => channel.send?.(message);
  return {
    startPlant: () =>
      new Promise((resolve, reject) => {
        const receive = (message: unknown) => {
          const parsed = plantPorts.safeParse(message);
          if (!parsed.success) return;
          clearTimeout(deadline);
          channel.off('message', receive);
          resolve(parsed.data);
        };
        const deadline = setTimeout(() => {
          channel.off('message', receive);
          reject(new Error('the simulated plant did not start within 60 seconds'));
        }, 60_000);
        channel.on('message', receive);
        send({ type: 'start-plant' });
      }),
    startEdge: (token) => send({ type: 'start-edge', token }),
    announce: (address, link, setupCode) => send({ type: 'announce', address, link, setupCode }),
  };
}
