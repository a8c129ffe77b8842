import { type TimeRange } from '@grafana/data';
import { type AndonDataSource } from './datasource';
import { type KnownService, mergeServices } from './services';
import { type Answer, useAnswer } from './useAnswer';

/** How long an answer is used again, in milliseconds. */
const freshness = 60_000;

// All editors of a page share an answer.
const asked = new WeakMap<AndonDataSource, { at: number; answer: Promise<KnownService[]> }>();

/** The services of the exporter's configuration, then those that were found. */
export function useServices(datasource: AndonDataSource, range?: TimeRange): Answer<KnownService[]> {
  return useAnswer(() => servicesOf(datasource, range), datasource.uid);
}

function servicesOf(datasource: AndonDataSource, range?: TimeRange): Promise<KnownService[]> {
  const last = asked.get(datasource);
  if (last && Date.now() - last.at < freshness) {
    return last.answer;
  }
  const answer = Promise.allSettled([datasource.services(), datasource.discover(range)]).then(
    ([configured, found]) => {
      if (configured.status === 'rejected' && found.status === 'rejected') {
        asked.delete(datasource);
        throw found.reason;
      }
      return mergeServices(
        configured.status === 'fulfilled' ? configured.value : [],
        found.status === 'fulfilled' ? found.value : []
      );
    }
  );
  asked.set(datasource, { at: Date.now(), answer });
  return answer;
}
