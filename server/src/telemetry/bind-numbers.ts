import type { EngineParameters } from './telemetry-engine.ts';
import { TelemetryFault } from './telemetry-fault.ts';

const placeholder = /\{(\w+):(UInt32|UInt16|Int64|Float64|Array\(UInt32\))\}/g;

/**
 * Puts numbers into `{name:Type}` placeholders. chDB's own binding lets one bound query run at a time in a process,
 * whatever the connection; finite numbers need no quoting, so they are written here and nothing else is accepted.
 */
export function bindNumbers(sql: string, parameters: EngineParameters): string {
  return sql.replace(placeholder, (_, name: string, type: string) => {
    const value = parameters[name];
    if (type.startsWith('Array')) {
      if (value === undefined || typeof value === 'number') throw refused(name, type);
      return `[${Array.from(value, (one) => literal(name, 'UInt32', one)).join(',')}]`;
    }
    if (typeof value !== 'number') throw refused(name, type);
    return literal(name, type, value);
  });
}

function literal(name: string, type: string, value: number): string {
  if (type === 'Float64' ? !Number.isFinite(value) : !Number.isSafeInteger(value)) throw refused(name, type);
  return String(value);
}

function refused(name: string, type: string): TelemetryFault {
  return new TelemetryFault('telemetry.refused', `query parameter ${name} is not a ${type}`);
}
