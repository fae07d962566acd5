import {
  AlterTableNode,
  type ColumnDefinitionNode,
  CreateTableNode,
  DataTypeNode,
  OperationNodeTransformer,
  PostgresQueryCompiler,
  type QueryId,
  RawNode,
  type RootOperationNode,
} from 'kysely';

/**
 * PostgreSQL's SQL, with every text column sorted and compared by its bytes as in SQLite: pages by cursor follow the
 * same order on both, whatever language the server was set up for.
 */
export class ByteOrderCompiler extends PostgresQueryCompiler {
  readonly #collate = new TextColumns();

  override compileQuery(node: RootOperationNode, queryId: QueryId) {
    const defines = CreateTableNode.is(node) || AlterTableNode.is(node);
    return super.compileQuery(defines ? this.#collate.transformNode(node, queryId) : node, queryId);
  }
}

class TextColumns extends OperationNodeTransformer {
  protected override transformColumnDefinition(node: ColumnDefinitionNode, queryId?: QueryId): ColumnDefinitionNode {
    const column = super.transformColumnDefinition(node, queryId);
    if (!DataTypeNode.is(column.dataType) || column.dataType.dataType !== 'text') return column;
    return { ...column, frontModifiers: [RawNode.createWithSql('collate "C"'), ...(column.frontModifiers ?? [])] };
  }
}
