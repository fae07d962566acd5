import type { Dialect, DialectContext } from './dialect.ts';
import { createHuaweiIotda } from './huawei-iotda/huawei-iotda.ts';
import { createLinkKit } from './link-kit/link-kit.ts';
import { createSparkplug } from './sparkplug/sparkplug.ts';
import { createThingsboard } from './thingsboard/thingsboard.ts';

/** The dialects of the MQTT door: one line each. */
export function createDialects(context: DialectContext): readonly Dialect[] {
  return [createThingsboard(context), createLinkKit(context), createHuaweiIotda(context), createSparkplug(context)];
}
