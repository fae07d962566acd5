import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query';
import { ApiError } from './api-error.ts';

let signedOut: () => void = () => undefined;
/** What to do when the platform says that nobody is signed in any more. */
export function onSignedOut(then: () => void): void {
  signedOut = then;
}
function look(error: unknown): void {
  if (error instanceof ApiError && error.status === 401) signedOut();
}
/** What is on screen was changed by somebody else: show it as it is. */
function lookAgain(error: unknown): void {
  if (error instanceof ApiError && error.code === 'request.stale')
    queryClient.invalidateQueries().catch((failure: unknown) => console.error('not read again', failure));
}

export const queryClient = new QueryClient({
  queryCache: new QueryCache({ onError: look }),
  mutationCache: new MutationCache({
    onError: (error, _variables, _context, mutation) => {
      if (mutation.meta?.door !== true) look(error);
      lookAgain(error);
    },
  }),
  defaultOptions: {
    queries: {
      retry: (count, error) => count < 2 && !(error instanceof ApiError && error.status >= 400 && error.status < 500),
      refetchOnWindowFocus: true,
      staleTime: 2000,
    },
    mutations: { retry: false },
  },
});
