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
import { type AndonQuery } from './types';

/** Views whose series grow at their end; all others come whole each time. */
const growing = ['sigma', 'evidence'];

/** Whether a query is answered by a stream: it asks for that, and its range ends now, as that of a stream does. */
export function isFollowed(query: AndonQuery, request: DataQueryRequest<AndonQuery>): boolean {
  const endsNow = request.rangeRaw?.to === 'now' || request.range?.raw?.to === 'now';
  return Boolean(query.live && endsNow && getGrafanaLiveSrv());
}

/** Subscribes to the channel of one query. Whoever unsubscribes ends what the back end does for it. */
export function follow(
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
  const grows = growing.includes(query.view ?? 'sigma');
  return getGrafanaLiveSrv()
    .getDataStream({
      // Grafana 12 reads namespace, 13 stream.
      addr: { scope: LiveChannelScope.DataSource, stream: uid, namespace: uid, path: key, data },
      buffer: {
        action: grows ? StreamingFrameAction.Append : StreamingFrameAction.Replace,
        maxLength: Math.max(request.maxDataPoints ?? 0, 1000),
      },
    })
    .pipe(map((answer) => named(answer, key, query.refId)));
}

/** An answer that Grafana keeps apart from those of other queries. */
function named(answer: DataQueryResponse, key: string, refId: string): DataQueryResponse {
  const data = answer.data.map((frame: DataFrame) => Object.assign(frame, { refId }));
  const progress = progressOf(data);
  const state = answer.error
    ? LoadingState.Error
    : progress !== undefined && progress < 1
      ? LoadingState.Loading
      : LoadingState.Streaming;
  return { ...answer, key, data, state };
}

/** How much of the range has been read, from 0 to 1; undefined if the answer does not say. */
export function progressOf(frames: DataFrame[] = []): number | undefined {
  const told = frames.map((f) => f.meta?.custom?.progress).filter((p) => typeof p === 'number');
  return told.length > 0 ? Math.min(...told) : undefined;
}

/** Names a channel: the same for the same text, and of letters that a channel's path may have. FNV-1a, twice. */
function hash(text: string): string {
  return [0x811c9dc5, 0x01000193]
    .map((seed) => new TextEncoder().encode(text).reduce((h, byte) => Math.imul(h ^ byte, 0x01000193), seed))
    .map((h) => (h >>> 0).toString(36))
    .join('');
}
