import { of } from 'rxjs';
import { type DataSourceInstanceSettings, type ScopedVars } from '@grafana/data';
import {
  type BackendSrv,
  type BackendSrvRequest,
  setBackendSrv,
  setTemplateSrv,
  type TemplateSrv,
} from '@grafana/runtime';
import { AndonDataSource } from './datasource';
import { type AndonOptions, type AndonQuery, defaultQuery } from './types';

interface Variable {
  value: string | string[];
  multi?: boolean;
  includeAll?: boolean;
}

type Format = (value: string | string[], variable: Variable) => string;

// As Grafana's: scoped values first, then those of the dashboard; what is not known stays as it is written.
function templates(dashboard: Record<string, Variable>): TemplateSrv {
  const replace = (text = '', scoped: ScopedVars = {}, format?: Format) =>
    text.replace(/\$\{?(\w+)\}?/g, (written, name) => {
      const variable: Variable | undefined = scoped[name] ?? dashboard[name];
      if (!variable) {
        return written;
      }
      return format ? format(variable.value, variable) : `${variable.value}`;
    });
  return { replace } as unknown as TemplateSrv;
}

const settings = {
  uid: 'andon',
  id: 1,
  type: 'andon-regression-datasource',
  name: 'Andon',
  jsonData: {},
  meta: { id: 'andon-regression-datasource' },
} as DataSourceInstanceSettings<AndonOptions>;

const query = (change: Partial<AndonQuery> = {}): AndonQuery => ({
  ...defaultQuery,
  refId: 'A',
  expr: 'up',
  ...change,
});

const datasource = () => new AndonDataSource(settings);

const interpolated = (change: Partial<AndonQuery>, scoped: ScopedVars = {}) =>
  datasource().applyTemplateVariables(query(change), scoped);

beforeEach(() => {
  setTemplateSrv(
    templates({
      service: { value: 'checkout' },
      dotted: { value: 'a.b' },
      quoted: { value: 'say "\\d"' },
      versions: { value: ['v1.0', 'v1.1'], multi: true },
      one: { value: ['v1.0'], multi: true },
      all: { value: ['a', 'b'], includeAll: true },
      began: { value: '2026-01-02T15:04:05Z' },
    })
  );
});

describe('a new query', () => {
  it('asks for the deviation of pods, told apart by labels', () => {
    expect(datasource().getDefaultQuery()).toMatchObject({
      v: 2,
      queryType: 'deviation',
      nodeLabel: 'pod',
      cohorts: 'labels',
      worse: 'higher',
      sensitivity: 'medium',
      view: 'sigma',
    });
  });
});

describe('filterQuery', () => {
  it.each<[string, Partial<AndonQuery>, boolean]>([
    ['a query', {}, true],
    ['a hidden query', { hide: true }, false],
    ['an empty query', { expr: '' }, false],
    ['a query of spaces', { expr: ' \n' }, false],
    ['a query without an expression', { expr: undefined }, false],
  ])('%s', (_name, change, runs) => {
    expect(datasource().filterQuery(query(change))).toBe(runs);
  });
});

describe('variables', () => {
  it('are replaced in every text', () => {
    const got = interpolated({
      expr: 'errors{service="$service"}',
      per: 'requests{service="${service}"}',
      nodeLabel: '$service',
      candidate: { $service: '!=$service' },
      control: { service: '$service-old' },
      back: '$service',
      since: '$began',
      unit: '$service',
      legend: '$service {{node}}',
      step: '$service',
    });
    expect(got).toEqual(
      query({
        expr: 'errors{service="checkout"}',
        per: 'requests{service="checkout"}',
        nodeLabel: 'checkout',
        candidate: { checkout: '!=checkout' },
        control: { service: 'checkout-old' },
        back: 'checkout',
        since: '2026-01-02T15:04:05Z',
        unit: 'checkout',
        legend: 'checkout {{node}}',
        step: 'checkout',
      })
    );
  });

  it('add no fields that the query does not have', () => {
    const bare = { refId: 'A', expr: 'up' } as AndonQuery;
    expect(datasource().applyTemplateVariables(bare, {})).toEqual(bare);
  });

  it.each([
    ['a single value', 'up{a="$dotted"}', 'up{a="a.b"}'],
    ['a value with quotes', 'up{a="$quoted"}', 'up{a="say \\"\\\\d\\""}'],
    ['several values', 'up{a=~"$versions"}', 'up{a=~"(v1\\\\.0|v1\\\\.1)"}'],
    ['one of several', 'up{a=~"$one"}', 'up{a=~"v1\\\\.0"}'],
    ['all', 'up{a=~"$all"}', 'up{a=~"(a|b)"}'],
  ])('in an expression: %s', (_name, expr, want) => {
    expect(interpolated({ expr }).expr).toBe(want);
  });

  it.each([
    ['a single value', '$dotted', 'a.b'],
    ['a single value in a regular expression', '=~$dotted', '=~a.b'],
    ['several values for =', '$versions', '=~(v1\\.0|v1\\.1)'],
    ['several values for !=', '!=$versions', '!~(v1\\.0|v1\\.1)'],
    ['several values for !~', '!~$versions', '!~(v1\\.0|v1\\.1)'],
    ['one of several for =', '$one', 'v1.0'],
    ['one of several for =~', '=~$one', '=~v1\\.0'],
  ])('in a selector: %s', (_name, value, want) => {
    expect(interpolated({ candidate: { version: value } }).candidate).toEqual({ version: want });
  });

  it('leave the interval to the back end, which knows it for alert rules too', () => {
    const scoped = { __interval: { value: '30s' }, __interval_ms: { value: 30000 }, series: { value: 'up' } };
    const expr = 'rate($series[$__interval]) + $__interval_ms + rate(x[$__rate_interval])';
    expect(interpolated({ expr }, scoped).expr).toBe(
      'rate(up[$__interval]) + $__interval_ms + rate(x[$__rate_interval])'
    );
  });

  it('are replaced where a query leaves its dashboard, which then names its data source', () => {
    const [got] = datasource().interpolateVariablesInQueries([query({ expr: '$service' })], {});
    expect(got).toMatchObject({ expr: 'checkout', datasource: { uid: 'andon' } });
  });
});

describe('the text for a query', () => {
  it.each<[Partial<AndonQuery>, string]>([
    [
      { candidate: { version: 'v2' }, control: { version: '!=v2' } },
      'up: {version="v2"} against {version!="v2"}',
    ],
    [{ cohorts: 'time', back: '1d' }, 'up: now against 1d earlier'],
    [{ cohorts: 'time', since: '2026-01-02T15:04:05Z' }, 'up: after 2026-01-02T15:04:05Z against before'],
  ])('%j', (change, want) => {
    expect(datasource().getQueryDisplayText(query(change))).toBe(want);
  });
});

describe('validate', () => {
  it('asks the back end with variables replaced, and returns what was asked', async () => {
    const requests: BackendSrvRequest[] = [];
    setBackendSrv({
      fetch: (request: BackendSrvRequest) => {
        requests.push(request);
        return of({ data: { error: 'no such function', start: 0, end: 3 } });
      },
    } as unknown as BackendSrv);

    const got = await datasource().validate('rat($service[$__interval])', 'promql');

    expect(requests).toHaveLength(1);
    expect(requests[0]).toMatchObject({
      method: 'POST',
      url: expect.stringMatching(/\/uid\/andon\/resources\/validate$/),
      data: { expr: 'rat(checkout[$__interval])', language: 'promql' },
    });
    expect(got).toEqual({ asked: 'rat(checkout[$__interval])', error: 'no such function', start: 0, end: 3 });
  });
});
