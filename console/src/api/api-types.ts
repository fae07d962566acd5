import type { Cause, Device, DeviceReport, Gap, LocalText, Point, Thing, ThingKey, ThingState } from '@luban/contracts';

/** What the API's lists add to the contracts' words. */
export type ListedThing = Thing & {
  state: ThingState;
  stateSinceMs: number | null;
  stateCause: Cause | null;
  modelName: LocalText;
  pointCount: number;
};
export type ListedPoint = Point & { thingName: string };
export type ListedGap = Gap & { deviceName: string | null };
export type ListedDevice = Device & { report: DeviceReport | null; bindingCount: number };
export type IssuedThingKey = ThingKey & { secret: string };
export type EnrolmentToken = { token: string; expiresAt: string; command: string };
