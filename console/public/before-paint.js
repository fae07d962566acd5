// Runs before the first paint and before any module: the chosen theme, so that nothing flashes, and schema checks
// without generated code, which the content security policy refuses.
globalThis.__zod_globalConfig = { jitless: true };
try {
  const kept = localStorage.getItem('luban.theme');
  const dark = kept === 'dark' || (kept === null && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.dataset.theme = dark ? 'dark' : 'light';
} catch (error) {
  console.warn('The kept theme cannot be read:', error);
}
