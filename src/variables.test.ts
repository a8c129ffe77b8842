import { type DataQueryRequest } from '@grafana/data';
import { setTemplateSrv, type TemplateSrv } from '@grafana/runtime';
import { firstValueFrom } from 'rxjs';
import { answering, timeRange } from './testing/editors';
import { type AndonQuery } from './types';
import { AndonVariables } from './variables';

it('lists what the back end lists, with variables in the query replaced', async () => {
  setTemplateSrv({ replace: (s = '') => s.replace('$service', 'cart') } as TemplateSrv);
  const values = jest.fn(async () => ['v2', 'v1']);
  const variables = new AndonVariables(answering({ values }));
  const asked = { ...variables.getDefaultQuery(), values: 'versions', service: '$service' } as AndonQuery;
  const request = {
    targets: [asked],
    range: timeRange,
    scopedVars: {},
  } as unknown as DataQueryRequest<AndonQuery>;

  const got = await firstValueFrom(variables.query(request));

  expect(got.data).toEqual([
    { text: 'v2', value: 'v2' },
    { text: 'v1', value: 'v1' },
  ]);
  expect(values).toHaveBeenCalledWith(
    expect.objectContaining({ queryType: 'values', values: 'versions', service: 'cart' }),
    timeRange
  );
});
