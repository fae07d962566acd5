export function EdgesPage() {
  return null;
}
