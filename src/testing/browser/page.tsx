// A page that stands in for Grafana's: the real @grafana libraries, the built plugin, and the API of standin.
import * as emotionCss from '@emotion/css';
import * as grafanaData from '@grafana/data';
import * as grafanaRuntime from '@grafana/runtime';
import * as grafanaUi from '@grafana/ui';
import lodash from 'lodash';
import * as React from 'react';
import * as JsxRuntime from 'react/jsx-runtime';
import * as ReactDOM from 'react-dom';
import { createRoot } from 'react-dom/client';
import * as rxjs from 'rxjs';
import { type AndonDataSource } from '../../datasource';
import { type AndonOptions, type AndonQuery } from '../../types';
import { Explore, Settings } from './pages';
import { installServices } from './services';

type Plugin = grafanaData.DataSourcePlugin<AndonDataSource, AndonQuery, AndonOptions>;

const shared: Record<string, unknown> = {
  react: React,
  'react/jsx-runtime': JsxRuntime,
  'react-dom': ReactDOM,
  rxjs,
  lodash,
  '@emotion/css': emotionCss,
  '@grafana/data': grafanaData,
  '@grafana/ui': grafanaUi,
  '@grafana/runtime': grafanaRuntime,
};

type Factory = (...dependencies: unknown[]) => unknown;

/** Loads an AMD module as Grafana does. What it wants beyond what Grafana shares is an error. */
async function load(url: string): Promise<{ plugin: Plugin }> {
  const code = await (await fetch(url)).text();
  return new Promise((resolve, reject) => {
    const define = (...args: unknown[]) => {
      const [names, factory] = args.slice(-2) as [string[], Factory];
      const exports = {};
      const own: Record<string, unknown> = { exports, module: { uri: new URL(url, location.href).href } };
      const missing = names.filter((name) => !(name in own) && !(name in shared));
      if (missing.length > 0) {
        reject(new Error(`Grafana does not share ${missing.join(', ')}`));
        return;
      }
      resolve((factory(...names.map((name) => own[name] ?? shared[name])) ?? exports) as { plugin: Plugin });
    };
    define.amd = {};
    new Function('define', code)(define);
  });
}

const asked = new URLSearchParams(location.search);
const theme = grafanaData.createTheme({
  colors: { mode: asked.get('theme') === 'light' ? 'light' : 'dark' },
});

async function show() {
  installServices();
  const { plugin } = await load('/dist/module.js');
  const initial = JSON.parse(asked.get('initial') ?? '{}');
  const page =
    asked.get('page') === 'settings' ? (
      <Settings plugin={plugin} initial={initial} />
    ) : (
      <Explore plugin={plugin} initial={initial} />
    );
  createRoot(document.getElementById('page')!).render(
    <grafanaData.ThemeContext.Provider value={theme}>
      <grafanaUi.GlobalStyles />
      <grafanaUi.PortalContainer />
      {page}
    </grafanaData.ThemeContext.Provider>
  );
}

show().catch((e: Error) => {
  document.body.textContent = e.stack ?? String(e);
});
