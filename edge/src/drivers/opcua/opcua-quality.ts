import { type QualityReason, qualityCode } from '@luban/contracts';

/** Status codes (OPC UA Part 6, Annex A) that say more than their class. */
const reasons = new Map<number, QualityReason>([
  [0x00960000, 'overridden'], // GoodLocalOverride
  [0x408f0000, 'lastUsable'], // UncertainNoCommunicationLastUsableValue
  [0x40900000, 'lastUsable'], // UncertainLastUsableValue
  [0x40910000, 'substitute'], // UncertainSubstituteValue
  [0x40930000, 'inaccurate'], // UncertainSensorNotAccurate
  [0x40940000, 'outOfRange'], // UncertainEngineeringUnitsExceeded
  [0x80050000, 'deviceSilent'], // BadCommunicationError
  [0x800a0000, 'deviceSilent'], // BadTimeout
  [0x801f0000, 'configuration'], // BadUserAccessDenied
  [0x80310000, 'notConnected'], // BadNoCommunication
  [0x80330000, 'configuration'], // BadNodeIdInvalid
  [0x80340000, 'configuration'], // BadNodeIdUnknown
  [0x80350000, 'configuration'], // BadAttributeIdInvalid
  [0x803a0000, 'configuration'], // BadNotReadable
  [0x80890000, 'configuration'], // BadConfigurationError
  [0x808a0000, 'notConnected'], // BadNotConnected
  [0x808b0000, 'deviceError'], // BadDeviceFailure
  [0x808c0000, 'sensorFailure'], // BadSensorFailure
  [0x808d0000, 'outOfService'], // BadOutOfService
]);

/** The quality of a status code: its reason where we have one, else its class. Info bits do not matter. */
export function qualityOfStatus(status: number): number {
  const reason = reasons.get((status & 0xffff0000) >>> 0);
  if (reason) return qualityCode(reason);
  const severity = status >>> 30;
  return qualityCode(severity === 0 ? 'good' : severity === 1 ? 'uncertain' : 'bad');
}
