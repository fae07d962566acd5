export function EdgePage() {
  return null;
}
