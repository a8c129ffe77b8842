import fs from 'node:fs';
import path from 'node:path';
import { changeType, describeQuery, isRunnable, viewLabel } from './queries';
import { type AndonQuery, defaultQuery, type QueryType } from './types';

const query = (change: Partial<AndonQuery> = {}): AndonQuery => ({ ...defaultQuery, refId: 'A', ...change });

it.each<[Partial<AndonQuery>, boolean]>([
  [{ expr: 'up' }, true],
  [{ expr: ' \n' }, false],
  [{ expr: undefined }, false],
  [{ queryType: undefined, expr: 'up' }, true],
  [{ queryType: 'clusters', expr: '{app="a"}' }, true],
  [{ queryType: 'clusters' }, false],
  [{ queryType: 'crashes' }, false],
  [{ queryType: 'deviation', rollout: '$rollout', name: '$signal' }, true],
  [{ queryType: 'clusters', rollout: 'r' }, true],
  [{ queryType: 'crashes', rollout: '' }, false],
  [{ queryType: 'verdict' }, false],
  [{ queryType: 'verdict', rollout: '' }, false],
  [{ queryType: 'verdict', rollout: 'r' }, true],
  [{ queryType: 'verdict', service: 's' }, true],
  [{ queryType: 'verdict', signals: [{ name: 'errors', metric: '' }] }, false],
  [{ queryType: 'verdict', signals: [{ name: 'errors', metric: 'e' }] }, true],
  [{ queryType: 'rollouts' }, true],
  [{ queryType: 'values' }, false],
  [{ queryType: 'values', values: 'nodes' }, true],
])('%j says enough: %s', (change, want) => {
  expect(isRunnable(query(change))).toBe(want);
});

/** All queries of our own data source in what a dashboard holds. */
function queriesIn(part: unknown): AndonQuery[] {
  if (typeof part !== 'object' || part === null) {
    return [];
  }
  const own = 'queryType' in part ? [part as AndonQuery] : [];
  return [...own, ...Object.values(part).flatMap(queriesIn)];
}

it.each(fs.readdirSync('dashboards'))('every query of %s is run', (file) => {
  const asked = queriesIn(JSON.parse(fs.readFileSync(path.join('dashboards', file), 'utf8')));
  expect(asked.filter((q) => !isRunnable(q))).toEqual([]);
});

const canary = { candidate: { version: 'v2' }, control: { version: '!=v2' } };

it.each<[Partial<AndonQuery>, string]>([
  [{ expr: 'up', ...canary }, 'up: {version="v2"} against {version!="v2"}'],
  [{ expr: 'up', cohorts: 'time', back: '1d' }, 'up: now against 1d earlier'],
  [{ expr: 'up', cohorts: 'time', since: '$began' }, 'up: after $began against before'],
  [
    { queryType: 'clusters', expr: '{a="b"}', ...canary },
    'log clusters of {a="b"}: {version="v2"} against {version!="v2"}',
  ],
  [
    { queryType: 'crashes', expr: '{a="b"}', cohorts: 'time', back: '1w' },
    'crashes in {a="b"}: now against 1w earlier',
  ],
  [{ queryType: 'verdict', rollout: 'cart-v2' }, 'verdict on cart-v2'],
  [
    { queryType: 'verdict', signals: [{ name: 'errors' }, { name: 'latency' }] },
    'verdict on errors, latency',
  ],
  [
    { queryType: 'rollouts', service: 'cart', match: { verdict: 'fail' } },
    'rollouts {service="cart", verdict="fail"}',
  ],
  [{ queryType: 'values', values: 'versions', service: 'cart' }, 'versions of cart'],
])('%j reads: %s', (change, want) => {
  expect(describeQuery(query(change))).toBe(want);
});

describe('another type', () => {
  const asked = query({ expr: 'up', per: 'all', unit: 's', legend: '{{pod}}', view: 'raw', ...canary });

  it.each<[QueryType, Partial<AndonQuery>]>([
    ['clusters', { view: 'table', expr: '', per: undefined, unit: undefined, legend: undefined }],
    ['rollouts', { view: 'table', expr: '' }],
    ['verdict', { view: 'summary', expr: '' }],
  ])('%s begins with its first view, and keeps the cohorts', (type, want) => {
    expect({ ...asked, ...changeType(asked, type) }).toMatchObject({ queryType: type, ...want, ...canary });
  });

  it('in the same language keeps the expression', () => {
    const logs = query({ queryType: 'clusters', expr: '{a="b"}' });
    expect({ ...logs, ...changeType(logs, 'crashes') }).toMatchObject({
      queryType: 'crashes',
      expr: '{a="b"}',
    });
  });
});

it('views are called by their names', () => {
  expect([viewLabel('sigma'), viewLabel('heatmap')]).toEqual(['Deviation (σ)', 'Heatmap']);
});
