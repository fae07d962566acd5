import { useVirtualizer } from '@tanstack/react-virtual';
import { type ReactNode, useRef } from 'react';

interface Given {
  count: number;
  rowPx: number;
  /** The class that lays out the head and each row as a grid. */
  className: string;
  /** Narrower than this the list scrolls sideways. */
  minWidth: number;
  head: ReactNode;
  row: (index: number) => ReactNode;
}

/** Rows of one height under a head that stays; only those on screen exist. */
export function VirtualRows({ count, rowPx, className, minWidth, head, row }: Given) {
  const box = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count,
    getScrollElement: () => box.current,
    estimateSize: () => rowPx,
    overscan: 8,
  });
  return (
    <div className="virtual-rows" ref={box}>
      <div style={{ minWidth }}>
        <div className={`${className} head`} aria-hidden="true">
          {head}
        </div>
        <div style={{ height: virtual.getTotalSize(), position: 'relative' }}>
          {virtual.getVirtualItems().map((item) => (
            <div
              key={item.key}
              className={className}
              style={{ position: 'absolute', width: '100%', height: rowPx, transform: `translateY(${item.start}px)` }}
            >
              {row(item.index)}
            </div>
          ))}
        </div>
      </div>
    </div>
  );
}
