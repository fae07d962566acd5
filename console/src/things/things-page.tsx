export function ThingsPage() {
  return null;
}
