// The page's own style comes first, so that what a feature says about its parts wins.
import './style/tokens.css';
import './style/page.css';
import '../components/components.css';

import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { startSession } from '../features/identity/session.ts';
import { applyTheme } from '../lib/theme.ts';
import { App } from './app.tsx';

const root = document.getElementById('root');
if (root === null) throw new Error('The page has no element with the id "root".');

applyTheme();
startSession();
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
