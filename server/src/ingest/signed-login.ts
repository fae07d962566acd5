import { createHmac, timingSafeEqual } from 'node:crypto';

/** What a client gave in CONNECT. */
export interface MqttCredentials {
  readonly clientId: string;
  readonly username?: string;
  readonly password?: Buffer;
}

const hashes: Record<string, string> = { hmacmd5: 'md5', hmacsha1: 'sha1', hmacsha256: 'sha256' };
/** How far the hour in a Huawei client id may be from the platform's clock, when the device asks for the check. */
const hourTolerance = 1;

/**
 * Did a device sign in with this secret? The secret never travels: the password is an HMAC, made in one of two ways.
 *
 * Link Kit (阿里云): client id `<id>|securemode=3,signmethod=hmacsha1,timestamp=…|`, user name `<device>&<product>`; signed is
 * `clientId<id>deviceName<device>productKey<product>[timestamp<…>]` with the secret as key.
 *
 * Huawei IoTDA: client id `<device>_0_<0|1>_<yyyymmddhh>`, user name `<device>`; signed is the secret with the hour as
 * key; 1 asks the platform to check the hour.
 */
export function signedWith(secret: string, { clientId, username, password }: MqttCredentials, nowMs: number): boolean {
  if (username === undefined || password === undefined) return false;
  const expected = linkKit(secret, clientId, username) ?? huawei(secret, clientId, username, nowMs);
  if (expected === null) return false;
  // Devices write the digits of the HMAC in either case.
  const given = Buffer.from(password.toString('latin1').toLowerCase(), 'latin1');
  return given.length === expected.length && timingSafeEqual(given, Buffer.from(expected, 'latin1'));
}

function linkKit(secret: string, clientId: string, username: string): string | null {
  const parts = /^([^|]*)\|([^|]*)\|$/.exec(clientId);
  const middle = username.lastIndexOf('&');
  if (parts === null || middle < 1) return null;
  const options = new Map(parts[2]!.split(',').map((pair) => pair.split('=', 2) as [string, string | undefined]));
  const hash = hashes[options.get('signmethod') ?? 'hmacmd5'];
  if (hash === undefined) return null;
  const timestamp = options.get('timestamp');
  const signed =
    `clientId${parts[1]}deviceName${username.slice(0, middle)}productKey${username.slice(middle + 1)}` +
    (timestamp === undefined ? '' : `timestamp${timestamp}`);
  return createHmac(hash, secret).update(signed).digest('hex');
}

function huawei(secret: string, clientId: string, username: string, nowMs: number): string | null {
  const parts = /^(.+)_0_([01])_(\d{4})(\d\d)(\d\d)(\d\d)$/.exec(clientId);
  if (parts === null || parts[1] !== username) return null;
  const [year, month, day, hour] = parts.slice(3).map(Number) as [number, number, number, number];
  const hoursOff = (nowMs - Date.UTC(year, month - 1, day, hour)) / 3_600_000;
  if (parts[2] === '1' && !(hoursOff >= -hourTolerance && hoursOff <= 1 + hourTolerance)) return null;
  return createHmac('sha256', parts.slice(3).join('')).update(secret).digest('hex');
}
