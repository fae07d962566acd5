import type { CollectedPoint, SampleValue } from '@luban/contracts';
import type { ClientSession, NodeId } from 'node-opcua-client';
import type { Reading } from '../driver.ts';
import { writeRefused, writeUnfit } from './opcua-causes.ts';
import { opcua } from './opcua-library.ts';
import { readDataValue, writableVariant } from './opcua-value.ts';

/** A session in use. */
export interface Access {
  readonly session: ClientSession;
  /** Waits for the server's answer, within the device's timeout; rejects with a DeviceFault. */
  answer<T>(promise: Promise<T>): Promise<T>;
  /** Null for an address that is none, or in a namespace that this server does not have. */
  nodeOf(point: CollectedPoint): NodeId | null;
  now(): number;
}

/** Servers limit how much one request may ask. */
export const itemsPerRequest = 500;

export async function readPoints(access: Access, points: readonly CollectedPoint[]): Promise<Reading[]> {
  const { session, answer, nodeOf, now } = access;
  const readings: Reading[] = [];
  for (let i = 0; i < points.length; i += itemsPerRequest) {
    const chunk = points.slice(i, i + itemsPerRequest);
    const attributeId = opcua.AttributeIds.Value;
    const values = await answer(
      session.read(chunk.map((point) => ({ nodeId: nodeOf(point) ?? opcua.NodeId.nullNodeId, attributeId }))),
    );
    chunk.forEach((point, index) => {
      const value = values[index];
      if (value) readings.push({ point, ...readDataValue(value, now()) });
    });
  }
  return readings;
}

/** Throws a DeviceFault when the value is not of the node's type or the server does not take it. */
export async function writePoint(access: Access, point: CollectedPoint, value: SampleValue): Promise<void> {
  const { session, answer, nodeOf } = access;
  const nodeId = nodeOf(point);
  if (nodeId === null) throw writeRefused(point.name, 'BadNodeIdInvalid');
  const attributeId = opcua.AttributeIds.DataType;
  const declared = await answer(session.read({ nodeId, attributeId }));
  if (declared.statusCode.isNot(opcua.StatusCodes.Good)) throw writeRefused(point.name, declared.statusCode.name);
  const type = await answer(session.getBuiltInDataType(nodeId));
  const variant = writableVariant(type, value);
  if (variant === null) throw writeUnfit(point.name, opcua.DataType[type] ?? String(type));
  const status = await answer(
    session.write({ nodeId, attributeId: opcua.AttributeIds.Value, value: { value: variant } }),
  );
  if (!status.isGood()) throw writeRefused(point.name, status.name);
}

export function nodeOfPoint(point: CollectedPoint, namespaces: readonly string[]): NodeId | null {
  return point.address.protocol === 'opc-ua' ? resolveNode(point.address.nodeId, namespaces) : null;
}

/** `nsu=` names a namespace by its URI, whose number differs from server to server. */
export function resolveNode(text: string, namespaces: readonly string[]): NodeId | null {
  let local = text;
  const named = /^nsu=([^;]+);(.+)$/.exec(text);
  if (named) {
    const index = namespaces.indexOf(named[1] ?? '');
    if (index < 0) return null;
    local = `ns=${index};${named[2]}`;
  }
  try {
    return opcua.coerceNodeId(local);
  } catch (error) {
    if (error instanceof Error) return null;
    throw error;
  }
}
