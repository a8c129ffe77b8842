// What is packaged is what Grafana's validator wants.
import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { repository } from './build.mjs';

const dist = path.join(repository, 'dist');
const read = (name) => fs.readFile(path.join(dist, name), 'utf8');

test('the package is whole', async () => {
  const manifest = JSON.parse(await read('plugin.json'));
  const { info, includes } = manifest;
  assert.match(info.version, /^\d+\.\d+\.\d+$/);
  assert.match(info.updated, /^\d{4}-\d{2}-\d{2}$/);
  for (const file of [
    'LICENSE',
    'README.md',
    'CHANGELOG.md',
    'module.js',
    ...Object.values(info.logos),
    ...info.screenshots.map((s) => s.path),
    ...includes.map((i) => i.path),
  ]) {
    assert.ok((await fs.stat(path.join(dist, file))).size > 0, file);
  }
});

test('the only source map is our own', async () => {
  const maps = (await fs.readdir(dist, { recursive: true })).filter((name) => name.endsWith('.map'));
  assert.deepEqual(maps, ['module.js.map']);
});

test('React comes from Grafana, and nothing is used that React 19 took away', async () => {
  const code = await read('module.js');
  const [, names] = code.match(/define\((\[.*?\])/);
  for (const shared of ['react', 'react/jsx-runtime', '@grafana/ui', '@grafana/data', '@grafana/runtime']) {
    assert.ok(JSON.parse(names).includes(shared), `${shared} is bundled`);
  }
  for (const gone of [
    'findDOMNode',
    'unmountComponentAtNode',
    'createFactory',
    'defaultProps',
    'propTypes',
    'contextTypes',
    '__SECRET_INTERNALS',
    'ReactDOM.render',
    'react.element',
  ]) {
    assert.ok(!code.includes(gone), `${gone} is used`);
  }
});
