import { gunzipSync, inflateSync } from 'node:zlib';
import { SparkplugError } from './proto-reader.ts';
import type { Metric } from './sparkplug-payload.ts';

/** The uuid of a payload whose body is another payload, compressed. */
export const compressedUuid = 'SPBV1.0_COMPRESSED';

/** What a few bytes may become: far above any birth certificate, far below what would hurt. */
const maxInflatedBytes = 32 << 20;

/**
 * The payload inside a compressed one. The metric `algorithm` of the outer payload says how: GZIP, or DEFLATE as the
 * Sparkplug libraries write it (RFC 1950) and where it says nothing. Throws SparkplugError.
 */
export function inflateBody(body: Uint8Array, outer: readonly Metric[]): Buffer {
  const said = outer.find(({ name }) => name === 'algorithm')?.object ?? 'DEFLATE';
  const inflate = said === 'GZIP' ? gunzipSync : said === 'DEFLATE' ? inflateSync : null;
  if (inflate === null)
    throw new SparkplugError(`the payload is compressed by ${String(said)}; GZIP and DEFLATE are known`);
  try {
    return inflate(body, { maxOutputLength: maxInflatedBytes });
  } catch (error) {
    throw new SparkplugError(`the compressed payload cannot be read: ${(error as Error).message}`, { cause: error });
  }
}
