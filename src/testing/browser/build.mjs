// Bundles the page twice, with React 18 and with React 19, into artifacts/browser.
import { build } from 'esbuild';
import fs from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const repository = fileURLToPath(new URL('../../..', import.meta.url));
export const site = path.join(repository, 'artifacts/browser');
export const reacts = ['19', '18'];

const here = path.join(repository, 'src/testing/browser');
const modules = path.join(repository, 'node_modules');

/** Sends react and react-dom, whoever imports them, to version 18. */
const withReact18 = {
  name: 'react-18',
  setup({ onResolve, resolve }) {
    onResolve({ filter: /^react(-dom)?(\/.*)?$/ }, ({ path: name, kind, pluginData }) => {
      if (pluginData === 'react-18') {
        return undefined;
      }
      const renamed = name.replace(/^react(-dom)?/, (old) => `${old}-18`);
      return resolve(renamed, { kind, resolveDir: here, pluginData: 'react-18' });
    });
  },
};

const html = (react) => `<!doctype html>
<html lang="en">
<title>Andon in React ${react}</title>
<link rel="stylesheet" href="page.css">
<div id="page"></div>
<script>
  window.grafanaBootData = {
    settings: { buildInfo: { version: '13.2.2', env: 'production' }, featureToggles: {}, appSubUrl: '', datasources: {} },
    user: { orgRole: 'Editor', locale: 'en-US', language: 'en-US' },
    navTree: [],
  };
  window.__grafana_public_path__ = '/public/';
</script>
<script src="page.js"></script>
</html>
`;

async function bundle(react) {
  const out = path.join(site, `react-${react}`);
  await build({
    entryPoints: [path.join(here, 'page.tsx')],
    outfile: path.join(out, 'page.js'),
    bundle: true,
    format: 'iife',
    target: 'chrome120',
    jsx: 'automatic',
    sourcemap: false,
    minify: true,
    logLevel: 'error',
    define: { 'process.env.NODE_ENV': '"production"', global: 'window' },
    loader: { '.ttf': 'dataurl', '.svg': 'dataurl', '.png': 'dataurl', '.woff2': 'dataurl' },
    plugins: react === '18' ? [withReact18] : [],
  });
  await fs.writeFile(path.join(out, 'index.html'), html(react));
}

async function link(target, name) {
  await fs.mkdir(path.dirname(name), { recursive: true });
  await fs.rm(name, { force: true, recursive: true });
  await fs.symlink(target, name);
}

/** Makes the site that standin serves: both pages, the built plugin, Grafana's icons. */
export async function makeSite() {
  await Promise.all(reacts.map(bundle));
  await link(path.join(repository, 'dist'), path.join(site, 'dist'));
  await link(path.join(modules, '@grafana/ui/dist/public/img'), path.join(site, 'public/build/img'));
  await link(path.join(modules, 'axe-core'), path.join(site, 'axe-core'));
}
