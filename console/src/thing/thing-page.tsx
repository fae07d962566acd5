export function ThingPage() {
  return null;
}
