/** A line of recent values, without axes. `null` breaks the line. */
export function Sparkline(props: { values: readonly (number | null)[]; width?: number; height?: number }) {
  const { values, width = 120, height = 26 } = props;
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (value === null) continue;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  if (min > max) return <svg className="sparkline" width={width} height={height} aria-hidden="true" />;
  const span = max - min || 1;
  const x = (i: number) => ((i / Math.max(1, values.length - 1)) * (width - 4) + 2).toFixed(1);
  const y = (value: number) =>
    (max === min ? height / 2 : height - 3 - ((value - min) / span) * (height - 6)).toFixed(1);
  let path = '';
  let drawing = false;
  values.forEach((value, i) => {
    if (value === null) drawing = false;
    else {
      path += `${drawing ? 'L' : 'M'}${x(i)} ${y(value)}`;
      // A lone value between two breaks is a dot, not nothing.
      if (!drawing && (values[i + 1] ?? null) === null) path += 'h0.1';
      drawing = true;
    }
  });
  return (
    <svg className="sparkline live" width={width} height={height} aria-hidden="true">
      <path
        d={path}
        fill="none"
        stroke="var(--accent)"
        strokeWidth="1.5"
        strokeLinejoin="round"
        strokeLinecap="round"
      />
    </svg>
  );
}
