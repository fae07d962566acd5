/** The mark: two timbers and the tenon that joins them, as an L. */
export function BrandMark({ size = 26 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" fill="#3451b2" />
      <path d="M9 7h5v13h4v-5h5v10H9z" fill="#fff" />
      <path d="M18 7h5v4h-5z" fill="#fff" fillOpacity=".55" />
    </svg>
  );
}

export function Brand() {
  return (
    <span className="brand">
      <BrandMark />
      <span>
        鲁班 <b>Luban</b>
      </span>
    </span>
  );
}
