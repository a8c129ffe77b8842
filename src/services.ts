import { isRunnable } from './queries';
import {
  type AndonQuery,
  defaultQuery,
  type QueryType,
  type Service,
  type Signal,
  signalParts,
} from './types';

/** A service to pick, and whether it is in the exporter's configuration. */
export interface KnownService extends Service {
  configured: boolean;
}

/** The part of a signal that the editor of a query type asks for. A verdict's editor has metrics only. */
const partOf = (type: QueryType) => (type === 'verdict' ? 'metric' : signalParts[type]);

/** The signals of a service that suit a query type. */
export function signalsFor(type: QueryType, service?: Service): Signal[] {
  const part = partOf(type);
  return part && service ? service.signals.filter((s) => s[part]) : [];
}

/**
 * Merges configured services with those that were found. A configured service gets the cohorts that were found under
 * its name, since the configuration does not say which versions run now, and the signals that were found if it has
 * none of that kind.
 */
export function mergeServices(configured: Service[], found: Service[]): KnownService[] {
  const known = configured.map((service) => {
    const same = found.filter((f) => f.name === service.name);
    const { cohorts, candidate, control, back } = same[0] ?? {};
    const missing = (part: keyof Signal) =>
      service.signals.some((s) => s[part])
        ? []
        : same.flatMap((f) => f.signals.filter((signal) => signal[part]));
    const signals = [...service.signals, ...missing('metric'), ...missing('logs'), ...missing('crashes')];
    return { ...service, ...(cohorts && { cohorts, candidate, control, back }), signals, configured: true };
  });
  const names = new Set(configured.map((s) => s.name));
  return [...known, ...found.filter((f) => !names.has(f.name)).map((f) => ({ ...f, configured: false }))];
}

/** The services that suit a query type. */
export function servicesFor(type: QueryType, all: KnownService[]): KnownService[] {
  return all.filter((s) => (type === 'verdict' && s.configured) || signalsFor(type, s).length > 0);
}

/** The service and the signal that a query asks for; undefined if they are not in the list. */
export function picked(query: AndonQuery, all: KnownService[]): { service?: KnownService; signal?: Signal } {
  const service = servicesFor(query.queryType, all).find((s) => s.name === query.service);
  const part = partOf(query.queryType);
  const signal = part && signalsFor(query.queryType, service).find((s) => s[part] === query.expr);
  return { service, signal };
}

/** The change when a service is picked: the query asks for its first signal and the nodes that run now. */
export function pickService(query: AndonQuery, service: KnownService): Partial<AndonQuery> {
  const cohorts = {
    ...(service.cohorts && { cohorts: service.cohorts, candidate: service.candidate ?? {} }),
    ...(service.cohorts === 'labels' && {
      control: service.control ?? {},
      back: undefined,
      since: undefined,
    }),
    ...(service.cohorts === 'time' && { back: service.back, since: undefined }),
  };
  const common = {
    service: service.name,
    nodeLabel: service.node ?? '',
    versionLabel: service.version,
    sensitivity: service.sensitivity ?? defaultQuery.sensitivity,
    step: service.step,
    ...cohorts,
  };
  if (query.queryType === 'verdict') {
    return service.configured
      ? { service: service.name, rollout: undefined, signals: undefined }
      : { ...common, service: undefined, rollout: undefined, signals: signalsFor('verdict', service) };
  }
  const [first] = signalsFor(query.queryType, service);
  return { ...common, ...(first && pickSignal(query, first)) };
}

/** The change when a signal is picked. */
export function pickSignal(query: AndonQuery, signal: Signal): Partial<AndonQuery> {
  const part = partOf(query.queryType);
  const expr = (part && signal[part]) ?? '';
  return query.queryType === 'deviation'
    ? {
        expr,
        name: signal.name,
        per: signal.per,
        unit: signal.unit,
        kind: signal.kind,
        worse: signal.worse ?? defaultQuery.worse,
      }
    : { expr };
}

/**
 * The service that the builder picks by itself while the query is empty: the one that was picked before the type
 * changed, or else the first.
 */
export function startOf(query: AndonQuery, all: KnownService[]): KnownService | undefined {
  if (query.editor !== 'builder' || isRunnable(query) || query.rollout != null || query.signals) {
    return undefined;
  }
  const services = servicesFor(query.queryType, all);
  return query.service ? services.find((s) => s.name === query.service) : services[0];
}
