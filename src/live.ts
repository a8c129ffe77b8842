import {
  type DataFrame,
  type DataQueryRequest,
  type DataQueryResponse,
  LiveChannelScope,
  LoadingState,
  StreamingFrameAction,
} from '@grafana/data';
import { getGrafanaLiveSrv } from '@grafana/runtime';
import { map, type Observable } from 'rxjs';
import { type AndonQuery, defaultQuery, growingViews } from './types';

/** Whether a stream answers a query: the query asks for it and the time range ends now. */
export function isLive(query: AndonQuery, request: DataQueryRequest<AndonQuery>): boolean {
  const endsNow = request.rangeRaw?.to === 'now' || request.range?.raw?.to === 'now';
  return Boolean(query.live && endsNow && getGrafanaLiveSrv());
}

/** Subscribes to the stream of one query. The back end stops working on it when the last subscriber leaves. */
export function subscribe(
  uid: string,
  query: AndonQuery,
  request: DataQueryRequest<AndonQuery>
): Observable<DataQueryResponse> {
  const data = {
    query,
    range: { from: request.range.from.valueOf(), to: request.range.to.valueOf() },
    intervalMs: request.intervalMs,
  };
  const key = `live/${hash(JSON.stringify(data))}`;
  const { queryType, view } = { ...defaultQuery, ...query };
  const grows = growingViews[queryType]?.includes(view);
  return getGrafanaLiveSrv()
    .getDataStream({
      // Grafana 12 reads namespace, 13 stream.
      addr: { scope: LiveChannelScope.DataSource, stream: uid, namespace: uid, path: key, data },
      buffer: {
        action: grows ? StreamingFrameAction.Append : StreamingFrameAction.Replace,
        maxLength: Math.max(request.maxDataPoints ?? 0, 1000),
      },
    })
    .pipe(map((answer) => withKey(answer, key, query.refId)));
}

/** An answer with the key and the refId by which Grafana tells it from those of other queries. */
function withKey(answer: DataQueryResponse, key: string, refId: string): DataQueryResponse {
  const data = answer.data.map((frame: DataFrame) => Object.assign(frame, { refId }));
  const progress = progressOf(data);
  const state = answer.error
    ? LoadingState.Error
    : progress !== undefined && progress < 1
      ? LoadingState.Loading
      : LoadingState.Streaming;
  return { ...answer, key, data, state };
}

/** How much of the time range was read, from 0 to 1; undefined if no frame says so. */
export function progressOf(frames: DataFrame[] = []): number | undefined {
  const shares = frames.map((f) => f.meta?.custom?.progress).filter((p) => typeof p === 'number');
  return shares.length > 0 ? Math.min(...shares) : undefined;
}

/** A hash of a text, in characters that the path of a channel may have: FNV-1a, twice. */
function hash(text: string): string {
  return [0x811c9dc5, 0x01000193]
    .map((seed) => new TextEncoder().encode(text).reduce((h, byte) => Math.imul(h ^ byte, 0x01000193), seed))
    .map((h) => (h >>> 0).toString(36))
    .join('');
}
