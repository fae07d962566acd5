import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { App } from 'antd';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { queryClient } from './api/query-client.ts';
import { ThemeProvider } from './design/theme.tsx';
import { LanguageProvider } from './language/language.tsx';
import { router } from './shell/routes.tsx';
import './design/tokens.css';
import './design/base.css';
import './design/parts.css';
import './shell/shell.css';

const root = document.getElementById('root');
if (root === null) throw new Error('index.html has no #root');
createRoot(root).render(
  <StrictMode>
    <LanguageProvider>
      <ThemeProvider>
        <QueryClientProvider client={queryClient}>
          <App style={{ height: '100%' }}>
            <RouterProvider router={router} />
          </App>
        </QueryClientProvider>
      </ThemeProvider>
    </LanguageProvider>
  </StrictMode>,
);
