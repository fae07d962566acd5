import { z } from 'zod';
import { localText } from './text.ts';

/** Liveness: the process answers. */
export const liveness = z.object({ state: z.literal('live') });

/** What readiness consists of: the doors, those by TLS where there are any, and what is behind them. */
export const healthParts = ['http', 'https', 'mqtt', 'mqtts', 'log', 'records', 'telemetry'] as const;

/** Readiness, for load balancers: `ready` when every part is. Anybody may read it, so it tells no detail. */
export const readiness = z.object({
  state: z.enum(['ready', 'not-ready']),
  parts: z.array(
    z.object({
      name: z.enum(healthParts),
      ready: z.boolean(),
      /** Null when it is ready. */
      cause: z.object({ code: z.string(), text: localText }).nullable(),
    }),
  ),
});
export type Readiness = z.infer<typeof readiness>;

/** `standBy=ready`: a server that could take over counts as ready; for who watches over servers, not for who chooses among them. */
export const readinessQuery = z.object({ standBy: z.literal('ready').optional() });
