import type { DataType } from '@luban/contracts';
import type { ClientSession, NodeId, ReferenceDescription } from 'node-opcua-client';
import type { BrowseNode } from '../driver.ts';
import { opcua } from './opcua-library.ts';

const perRequest = 500;
/** What one folder shows at most. */
const maxNodes = 20_000;

/** Folders and points right below a node (null: Objects). A point can have points below it too. */
export async function browseNodes(session: ClientSession, start: NodeId | null): Promise<BrowseNode[]> {
  const references = await children(session, start ?? opcua.coerceNodeId('ns=0;i=85'));
  const variables = references.filter(({ nodeClass }) => nodeClass === opcua.NodeClass.Variable);
  const types = await typesOf(session, variables);
  const units = await unitsOf(session, variables);
  return references.map((reference): BrowseNode => {
    const id = reference.nodeId.toString();
    const name = reference.displayName.text || reference.browseName.name || id;
    if (reference.nodeClass !== opcua.NodeClass.Variable) return { id, name, kind: 'folder' };
    const type = types.get(id);
    const unit = units.get(id);
    const address = { protocol: 'opc-ua' as const, nodeId: id };
    return { id, name, kind: 'point', ...(type && { type }), ...(unit && { unit }), address };
  });
}

async function children(session: ClientSession, nodeId: NodeId): Promise<ReferenceDescription[]> {
  const { BrowseDirection, NodeClass } = opcua;
  // Organizes and HasComponent, with their subtypes: what a device consists of, without its properties.
  const wanted = ['ns=0;i=35', 'ns=0;i=47'].map((referenceTypeId) => ({
    nodeId,
    referenceTypeId,
    includeSubtypes: true,
    browseDirection: BrowseDirection.Forward,
    nodeClassMask: NodeClass.Object | NodeClass.Variable,
    resultMask: 63,
  }));
  const found = new Map<string, ReferenceDescription>();
  for (let result of await session.browse(wanted)) {
    for (;;) {
      for (const reference of result.references ?? []) found.set(reference.nodeId.toString(), reference);
      if (!result.continuationPoint?.length) break;
      result = await session.browseNext(result.continuationPoint, found.size >= maxNodes);
    }
  }
  return [...found.values()];
}

async function typesOf(session: ClientSession, variables: ReferenceDescription[]): Promise<Map<string, DataType>> {
  const { AttributeIds } = opcua;
  const types = new Map<string, DataType>();
  const custom = new Map<string, DataType>();
  for (let i = 0; i < variables.length; i += perRequest) {
    const chunk = variables.slice(i, i + perRequest);
    const answers = await session.read(
      chunk.flatMap(({ nodeId }) => [
        { nodeId, attributeId: AttributeIds.DataType },
        { nodeId, attributeId: AttributeIds.ValueRank },
      ]),
    );
    for (const [index, { nodeId }] of chunk.entries()) {
      const declared = answers[index * 2]?.value.value as NodeId | null | undefined;
      const rank = Number(answers[index * 2 + 1]?.value.value ?? -1);
      if (!declared) continue;
      let type = rank >= 0 ? 'json' : builtInType(declared);
      if (type === null) {
        const key = declared.toString();
        type = custom.get(key) ?? ofNumber(await session.getBuiltInDataType(nodeId));
        custom.set(key, type);
      }
      types.set(nodeId.toString(), type);
    }
  }
  return types;
}

/** Null for a type that is derived from a built-in one: the server must be asked from which. */
function builtInType(declared: NodeId): DataType | null {
  if (declared.namespace !== 0 || typeof declared.value !== 'number') return null;
  // 26 Number, 27 Integer, 28 UInteger: abstract. 29 Enumeration: an Int32.
  if (declared.value >= 26 && declared.value <= 29) return 'number';
  return declared.value <= 25 ? ofNumber(declared.value) : null;
}

function ofNumber(type: number): DataType {
  const { DataType } = opcua;
  if (type === DataType.Boolean) return 'boolean';
  if (type >= DataType.SByte && type <= DataType.Double) return 'number';
  if (type >= DataType.String && type <= DataType.LocalizedText) return 'string';
  return 'json';
}

/** The symbol of the engineering unit, where a variable has one. */
async function unitsOf(session: ClientSession, variables: ReferenceDescription[]): Promise<Map<string, string>> {
  const units = new Map<string, string>();
  for (let i = 0; i < variables.length; i += perRequest) {
    const chunk = variables.slice(i, i + perRequest);
    const paths = await session.translateBrowsePath(
      chunk.map(({ nodeId }) => opcua.makeBrowsePath(nodeId, '.EngineeringUnits')),
    );
    const having = chunk.flatMap((variable, index) => {
      const target = paths[index]?.targets?.[0]?.targetId;
      return target ? [{ id: variable.nodeId.toString(), target }] : [];
    });
    if (having.length === 0) continue;
    const values = await session.read(
      having.map(({ target }) => ({ nodeId: target, attributeId: opcua.AttributeIds.Value })),
    );
    having.forEach(({ id }, index) => {
      const information = values[index]?.value.value as { displayName?: { text?: string | null } } | null | undefined;
      const symbol = information?.displayName?.text;
      if (symbol) units.set(id, symbol);
    });
  }
  return units;
}
