import { Day } from '../design/moment.tsx';

/** When something was made, and by whom. */
export function MadeBy({ of: { createdAt, createdBy } }: { of: { createdAt: string; createdBy: { name: string } } }) {
  return (
    <td className="second">
      <div className="nowrap">
        <Day timeMs={Date.parse(createdAt)} />
      </div>
      <div>{createdBy.name}</div>
    </td>
  );
}
