import { type DataSourceJsonData, type DataSourceSettings } from '@grafana/data';
import { type AndonOptions, type HttpOptions } from './types';

/** The servers that the data source asks. */
export type Upstream = 'prometheus' | 'loki' | 'exporter';

type Own = DataSourceSettings<AndonOptions>;

/** The settings of any data source over HTTP. */
export type HttpSettings = DataSourceSettings<DataSourceJsonData & HttpOptions & Record<string, unknown>>;

type Second = Exclude<Upstream, 'prometheus'>;

const urlField = { loki: 'lokiUrl', exporter: 'exporterUrl' } as const;

const capital = (s: string) => s.charAt(0).toUpperCase() + s.slice(1);
const small = (s: string) => s.charAt(0).toLowerCase() + s.slice(1);

/**
 * The settings of one upstream as if it were the only one, so that Grafana's own fields can edit them. Prometheus has
 * the data source's own; those of the others are in jsonData, their secrets with the upstream's name in front.
 */
export function settingsOf(options: Own, name: Upstream): HttpSettings {
  if (name === 'prometheus') {
    return options as unknown as HttpSettings;
  }
  const { basicAuth = false, basicAuthUser = '', ...jsonData } = options.jsonData[name] ?? {};
  return {
    ...options,
    url: options.jsonData[urlField[name]] ?? '',
    basicAuth,
    basicAuthUser,
    withCredentials: false,
    jsonData,
    secureJsonData: withoutPrefix(options.secureJsonData ?? {}, name),
    secureJsonFields: withoutPrefix(options.secureJsonFields ?? {}, name),
  } as HttpSettings;
}

/** The inverse of settingsOf: options with changed settings of one upstream. */
export function withSettings(options: Own, name: Upstream, next: HttpSettings): Own {
  if (name === 'prometheus') {
    return next as unknown as Own;
  }
  const own: HttpOptions = {
    ...next.jsonData,
    ...(next.basicAuth && { basicAuth: true }),
    ...(next.basicAuth && next.basicAuthUser && { basicAuthUser: next.basicAuthUser }),
  };
  return {
    ...options,
    jsonData: {
      ...options.jsonData,
      [urlField[name]]: next.url || undefined,
      [name]: Object.keys(own).length > 0 ? own : undefined,
    },
    secureJsonData: withPrefix(options.secureJsonData ?? {}, name, next.secureJsonData ?? {}),
    secureJsonFields: withPrefix(options.secureJsonFields ?? {}, name, next.secureJsonFields ?? {}),
  } as Own;
}

function withoutPrefix<T>(secrets: Record<string, T>, name: Second): Record<string, T> {
  return Object.fromEntries(
    Object.entries(secrets)
      .filter(([key]) => key.startsWith(name))
      .map(([key, value]) => [small(key.slice(name.length)), value])
  );
}

function withPrefix<T>(all: Record<string, T>, name: Second, own: Record<string, T>): Record<string, T> {
  const others = Object.entries(all).filter(([key]) => !key.startsWith(name));
  const prefixed = Object.entries(own).map(([key, value]) => [name + capital(key), value] as const);
  return Object.fromEntries([...others, ...prefixed]);
}
