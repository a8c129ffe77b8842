import {
  type DataFrame,
  type DataQueryRequest,
  dateTime,
  LiveChannelScope,
  LoadingState,
  StreamingFrameAction,
} from '@grafana/data';
import { type GrafanaLiveSrv, type LiveDataStreamOptions, setGrafanaLiveSrv } from '@grafana/runtime';
import { firstValueFrom, of } from 'rxjs';
import { isLive, progressOf, subscribe } from './live';
import { type AndonQuery, defaultQuery } from './types';

const query = (change: Partial<AndonQuery> = {}): AndonQuery => ({
  ...defaultQuery,
  refId: 'B',
  expr: 'up',
  live: true,
  ...change,
});

const request = (to = 'now') =>
  ({
    range: { from: dateTime(1000), to: dateTime(61_000), raw: { from: 'now-1m', to } },
    intervalMs: 15_000,
    maxDataPoints: 500,
  }) as unknown as DataQueryRequest<AndonQuery>;

const frame = (progress?: number) => ({ fields: [], length: 0, meta: { custom: { progress } } }) as DataFrame;

const asked: LiveDataStreamOptions[] = [];
function answer(...frames: DataFrame[]) {
  asked.length = 0;
  const getDataStream = (options: LiveDataStreamOptions) => {
    asked.push(options);
    return of({ data: frames });
  };
  setGrafanaLiveSrv({ getDataStream } as unknown as GrafanaLiveSrv);
}
beforeEach(() => answer(frame()));

it.each<[string, Partial<AndonQuery>, string, boolean]>([
  ['a query that asks for it', {}, 'now', true],
  ['a query that does not', { live: undefined }, 'now', false],
  ['the past', {}, '2026-01-02T15:00:00Z', false],
])('%s is live', (_name, change, to, want) => {
  expect(isLive(query(change), request(to))).toBe(want);
});

it('subscribes to a channel of its own and says what it asks', async () => {
  const got = await firstValueFrom(subscribe('andon', query(), request()));
  const [{ addr, buffer }] = asked;
  expect(addr).toMatchObject({
    scope: LiveChannelScope.DataSource,
    stream: 'andon',
    namespace: 'andon',
    path: expect.stringMatching(/^live\/[a-z0-9]+$/),
    data: { query: query(), range: { from: 1000, to: 61_000 }, intervalMs: 15_000 },
  });
  expect(buffer?.action).toBe(StreamingFrameAction.Append);
  expect(got).toMatchObject({ key: addr.path, state: LoadingState.Streaming, data: [{ refId: 'B' }] });
});

it('asks the same by the same channel, and another by another', () => {
  subscribe('andon', query(), request());
  subscribe('andon', query(), request());
  subscribe('andon', query({ expr: 'up > 0' }), request());
  const [one, same, other] = asked.map((a) => a.addr.path);
  expect(same).toBe(one);
  expect(other).not.toBe(one);
});

it('takes a table whole', () => {
  subscribe('andon', query({ view: 'table' }), request());
  expect(asked[0].buffer?.action).toBe(StreamingFrameAction.Replace);
});

it('is loading until all is read', async () => {
  answer(frame(0.4));
  expect(await firstValueFrom(subscribe('andon', query(), request()))).toMatchObject({
    state: LoadingState.Loading,
  });
  answer(frame(1));
  expect(await firstValueFrom(subscribe('andon', query(), request()))).toMatchObject({
    state: LoadingState.Streaming,
  });
});

it.each<[string, DataFrame[] | undefined, number | undefined]>([
  ['no answer', undefined, undefined],
  ['an answer that has none', [frame()], undefined],
  ['the slowest of several', [frame(0.7), frame(0.2), frame()], 0.2],
])('progress of %s', (_name, frames, want) => {
  expect(progressOf(frames)).toBe(want);
});
