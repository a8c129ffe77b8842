import {
  type KnownService,
  mergeServices,
  picked,
  pickService,
  pickSignal,
  servicesFor,
  startOf,
} from './services';
import { checkout } from './testing/editors';
import { type AndonQuery, defaultQuery, type QueryType, type Service } from './types';

const query = (change: Partial<AndonQuery> = {}): AndonQuery => ({ ...defaultQuery, refId: 'A', ...change });

const configured: Service = {
  name: 'checkout',
  node: 'pod',
  version: 'version',
  sensitivity: 'high',
  step: '30s',
  signals: [{ name: 'failures', metric: 'failures_total', per: 'requests_total', worse: 'lower' }],
};
const logs: Service = {
  name: 'checkout',
  node: 'pod',
  signals: [
    { name: 'logs', logs: '{app="checkout"}' },
    { name: 'crashes', crashes: '{app="checkout"}' },
  ],
};
const other: Service = {
  name: 'mail',
  signals: [{ name: 'scrape duration', metric: 'm' }],
  cohorts: 'time',
  back: '1d',
};

describe('services', () => {
  it.each<[string, Service[], Service[], unknown]>([
    ['that nobody knows', [], [], []],
    ['that were found', [], [checkout], [{ ...checkout, configured: false }]],
    [
      'that are configured take cohorts from what was found, and their own signals',
      [configured],
      [checkout, other],
      [
        {
          ...configured,
          configured: true,
          cohorts: 'labels',
          candidate: { version: 'v2' },
          control: { version: '!=v2' },
        },
        { ...other, configured: false },
      ],
    ],
    [
      'that have no logs configured are asked for those that were found',
      [configured],
      [logs],
      [{ ...configured, signals: [...configured.signals, ...logs.signals], configured: true }],
    ],
  ])('%s', (_name, known, found, want) => {
    expect(mergeServices(known, found)).toEqual(want);
  });

  it.each<[QueryType, string[]]>([
    ['deviation', ['checkout', 'mail']],
    ['clusters', ['notes']],
    ['crashes', ['notes']],
    ['verdict', ['checkout', 'mail', 'notes']],
    ['rollouts', []],
  ])('%s can be asked of those that have something to ask for', (type, want) => {
    const all = [
      ...mergeServices([], [checkout, other]),
      { ...logs, name: 'notes', configured: true },
    ] satisfies KnownService[];
    expect(servicesFor(type, all).map((s) => s.name)).toEqual(want);
  });
});

describe('a service that is picked', () => {
  const found: KnownService = { ...checkout, configured: false };

  it('is asked for its first signal, of the nodes that run now', () => {
    expect(pickService(query({ back: '1d', unit: 's' }), found)).toMatchObject({
      service: 'checkout',
      nodeLabel: 'pod',
      versionLabel: 'version',
      cohorts: 'labels',
      candidate: { version: 'v2' },
      control: { version: '!=v2' },
      back: undefined,
      expr: 'errors_total',
      per: 'requests_total',
      unit: undefined,
      name: 'errors',
    });
  });

  it('is compared with its past where it runs one version', () => {
    expect(pickService(query(), { ...other, configured: false })).toMatchObject({
      cohorts: 'time',
      back: '1d',
      candidate: {},
      expr: 'm',
    });
  });

  it('keeps the cohorts where nothing is known of them', () => {
    const got = pickService(query(), { ...configured, configured: true });
    expect(got).toMatchObject({ sensitivity: 'high', step: '30s', worse: 'lower' });
    expect(got).not.toHaveProperty('candidate');
  });

  it('is judged by the exporter if that knows it, else by its signals', () => {
    const verdict = query({ queryType: 'verdict' });
    expect(pickService(verdict, { ...configured, configured: true })).toEqual({
      service: 'checkout',
      rollout: undefined,
      signals: undefined,
    });
    expect(pickService(verdict, found)).toMatchObject({ service: undefined, signals: checkout.signals });
  });
});

it('a signal of logs brings its LogQL alone', () => {
  expect(pickSignal(query({ queryType: 'clusters' }), logs.signals[0])).toEqual({ expr: '{app="checkout"}' });
});

it('a query that was picked is known again, and one that was written is not', () => {
  const all: KnownService[] = [{ ...checkout, configured: false }];
  const asked = query(pickService(query(), all[0]));
  expect(picked(asked, all)).toEqual({ service: all[0], signal: checkout.signals[0] });
  expect(picked({ ...asked, expr: 'up' }, all)).toEqual({ service: all[0], signal: undefined });
});

it.each<[string, Partial<AndonQuery>, string | undefined]>([
  ['a new query with the first service', {}, 'mail'],
  ['another type with the service that was looked at', { service: 'checkout' }, 'checkout'],
  ['another type of a service that has nothing to ask for with nothing', { service: 'gone' }, undefined],
  ['a query with nothing', { expr: 'up' }, undefined],
  ['a rollout that is not picked yet with nothing', { queryType: 'verdict', rollout: '' }, undefined],
  ['signals that are not written yet with nothing', { queryType: 'verdict', signals: [] }, undefined],
  ['a query that is written as code with nothing', { editor: 'code' }, undefined],
])('the builder starts %s', (_name, change, want) => {
  const all = mergeServices([], [other, checkout]);
  expect(startOf(query({ editor: 'builder', ...change }), all)?.name).toBe(want);
});
