import { Day } from '../design/moment.tsx';

interface Made {
  readonly createdAt: string;
  readonly createdBy: { readonly name: string };
}

/** When something was made, and by whom. `label`: the column's. */
export function MadeBy({ of: { createdAt, createdBy }, label }: { of: Made; label: string }) {
  return (
    <td className="second" data-label={label}>
      <div className="nowrap">
        <Day timeMs={Date.parse(createdAt)} />
      </div>
      <div>{createdBy.name}</div>
    </td>
  );
}
