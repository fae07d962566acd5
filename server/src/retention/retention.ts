import {
  defaultRetention,
  type LocalText,
  type Retention,
  type RetentionEstimate,
  type RetentionPolicy,
  type RetentionRule,
  type TenantId,
} from '@luban/contracts';
import type { Database } from '../platform/database/database.ts';
import { Refusal } from '../platform/errors.ts';
import { errorLine, type LogLines } from '../platform/log-lines.ts';
import { type KeepFrom, type Telemetry, TelemetryFault } from '../telemetry/telemetry.ts';
import type { Things } from '../things/things.ts';
import { bytesAfter } from './disk-use.ts';
import { createRetentionStore } from './retention-store.ts';

export type RetentionFeature = Awaited<ReturnType<typeof createRetention>>;

interface RetentionOptions {
  database: Database;
  things: Things;
  nowMs: () => number;
  lines: LogLines;
  tenants: () => Promise<readonly { id: TenantId; number: number }[]>;
}

type Target = Pick<RetentionRule, 'scope' | 'target'>;

const dayUs = 86_400_000_000;
const growthDays = 7;
/** Expiry looks after a start when it is calm, then a few times a day: days go, not minutes. */
const firstTurnMs = 10 * 60_000;
const turnMs = 6 * 3_600_000;

/** How long history is kept, by rule: of a point before its model before the tenant before the default. */
export async function createRetention({ database, things, nowMs, lines, tenants }: RetentionOptions) {
  const store = createRetentionStore(database);
  const rules = new Map<string, RetentionPolicy>();
  const numbers = new Map<number, TenantId>();
  const keyOf = (tenant: TenantId, { scope, target }: Target) => `${tenant}/${scope}/${target}`;
  await reread();
  let timer: NodeJS.Timeout | undefined;
  let stopping = new AbortController();
  let turn: Promise<void> = Promise.resolve();

  async function reread(): Promise<void> {
    const [all, owners] = [await store.all(), await tenants()];
    rules.clear();
    for (const rule of all) rules.set(keyOf(rule.tenant, rule), rule.policy);
    for (const { id, number } of owners) numbers.set(number, id);
  }

  function policyOf(tenant: TenantId | undefined, series: number): RetentionPolicy {
    if (tenant === undefined || rules.size === 0) return defaultRetention;
    const model = things.modelOf(series);
    return (
      rules.get(`${tenant}/point/${series}`) ??
      (model === undefined ? undefined : rules.get(`${tenant}/model/${model}`)) ??
      rules.get(`${tenant}/tenant/`) ??
      defaultRetention
    );
  }

  /** Most general first. */
  async function ownRules(tenant: TenantId): Promise<RetentionRule[]> {
    const own = (await store.all()).filter((one) => one.tenant === tenant);
    const order = { tenant: 0, model: 1, point: 2 };
    return own
      .map(({ scope, target, policy }) => ({ scope, target, policy }))
      .sort((a, b) => order[a.scope] - order[b.scope] || (a.target < b.target ? -1 : 1));
  }

  async function checkTarget(tenant: TenantId, { scope, target }: Target): Promise<LocalText | null> {
    switch (scope) {
      case 'tenant':
        if (target !== '') throw new Refusal('request.invalid', 'A rule for the whole tenant has no target');
        return null;
      case 'model':
        return (await things.model(tenant, target)).name;
      case 'point': {
        const point = /^\d{1,10}$/.test(target) ? things.point(tenant, Number(target)) : undefined;
        if (point === undefined) throw new Refusal('points.not-found', `There is no series ${target}`);
        return point.name;
      }
    }
  }

  async function estimate(tenant: TenantId, number: number, telemetry: Telemetry): Promise<RetentionEstimate | null> {
    const growth = await telemetry.growth(number, growthDays).catch((error: unknown) => {
      if (error instanceof TelemetryFault) return null; // the rules can be seen and changed without it
      throw error;
    });
    if (growth === null || growth.sampleBytes === null) return null;
    const daily = [...growth.series].map(([series, { samples, hours }]) => ({
      policy: policyOf(tenant, series),
      samples: samples / growthDays,
      hours: hours / growthDays,
    }));
    const bytes = (days: number) => daily.reduce((sum, one) => sum + bytesAfter(days, one, growth), 0);
    return {
      samplesPerDay: daily.reduce((sum, { samples }) => sum + samples, 0),
      bytesPerSample: growth.sampleBytes,
      bytesPerDay: bytes(1),
      bytesInAYear: bytes(365),
      bytesInTenYears: bytes(3650),
    };
  }

  return {
    policyOf,
    /** Takes what another server has written: history that is to be kept by now must not expire by an older rule. */
    reread,
    /** For the store. */
    keepFrom(tenantNumber: number, series: number): KeepFrom {
      const { sampleDays, minuteDays, hourDays } = policyOf(numbers.get(tenantNumber), series);
      const from = (days: number | null) => (days === null ? 0 : Math.max(0, nowMs() * 1000 - days * dayUs));
      return { samplesUs: from(sampleDays), minutesUs: from(minuteDays), hoursUs: from(hourDays) };
    },
    rules: ownRules,
    async show(tenant: TenantId, number: number, telemetry: Telemetry): Promise<Retention> {
      const own: Retention['rules'] = [];
      for (const rule of await ownRules(tenant)) {
        const name = await checkTarget(tenant, rule).catch((error: unknown) => {
          if (error instanceof Refusal) return { zh: '已删除', en: 'deleted' }; // its model or point is gone
          throw error;
        });
        own.push({ scope: rule.scope, target: rule.target, policy: rule.policy, name });
      }
      return { default: defaultRetention, rules: own, estimate: await estimate(tenant, number, telemetry) };
    },
    async put(tenant: TenantId, number: number, rule: RetentionRule): Promise<void> {
      await checkTarget(tenant, rule);
      numbers.set(number, tenant);
      await store.put(tenant, rule);
      rules.set(keyOf(tenant, rule), rule.policy);
    },
    async remove(tenant: TenantId, target: Target): Promise<void> {
      await store.remove(tenant, target);
      rules.delete(keyOf(tenant, target));
    },
    /** Expiry in the background, from now on. */
    start(telemetry: Telemetry): void {
      stopping = new AbortController();
      const { signal } = stopping;
      const run = async () => {
        for (const { id, number } of await tenants()) numbers.set(number, id);
        const { days, samples } = await telemetry.expire(signal);
        if (days > 0) lines('info', 'history expired', { days, samples });
      };
      const next = (afterMs: number) => {
        timer = setTimeout(() => {
          turn = run()
            .catch((error: unknown) => {
              if (!signal.aborted) lines('error', 'history not expired', { cause: errorLine(error) });
            })
            .then(() => {
              if (!signal.aborted) next(turnMs);
            });
        }, afterMs);
        timer.unref();
      };
      next(firstTurnMs);
    },
    async stop(): Promise<void> {
      stopping.abort();
      clearTimeout(timer);
      await turn;
    },
  };
}
