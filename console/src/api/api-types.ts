import type { Cause, Device, DeviceReport, Gap, LocalText, Point, Thing, ThingKey, ThingState } from '@luban/contracts';

/** What the API's lists add to the contracts' words. */
export type Tagged<T> = T & { etag: string };
export type ListedThing = Tagged<Thing> & {
  state: ThingState;
  stateSinceMs: number | null;
  stateCause: Cause | null;
  modelName: LocalText;
  pointCount: number;
};
export type ListedPoint = Point & { thingName: string };
export type ListedGap = Gap & { deviceName: string | null };
export type ListedDevice = Tagged<Device> & { report: DeviceReport | null; bindingCount: number };
export type IssuedThingKey = ThingKey & { secret: string };
export type EnrolmentToken = { token: string; expiresAt: string; command: string };
