import { type DataSourceInstanceSettings, type ScopedVars } from '@grafana/data';
import {
  type BackendSrvRequest,
  type DataSourceSrv,
  type FetchResponse,
  setBackendSrv,
  setDataSourceSrv,
  setTemplateSrv,
  type BackendSrv,
  type TemplateSrv,
} from '@grafana/runtime';
import { from, type Observable } from 'rxjs';

/** What the page asked of Grafana, for the test to look at. */
export interface Asked {
  method: string;
  url: string;
  body?: unknown;
}

declare global {
  interface Window {
    asked: Asked[];
  }
}

const source = (uid: string, type: string, name: string) =>
  ({
    uid,
    type,
    name,
    id: 1,
    url: '',
    access: 'proxy',
    readOnly: false,
    jsonData: {},
    meta: { id: type, info: { version: '', logos: { small: '/dist/img/logo.svg', large: '' } } },
  }) as unknown as DataSourceInstanceSettings;

export const settings = source('andon', 'andon-regression-datasource', 'Andon');

const others = [source('metrics', 'prometheus', 'Metrics'), source('logs', 'loki', 'Logs')];

async function ask<T>(request: BackendSrvRequest): Promise<FetchResponse<T>> {
  const method = request.method ?? 'GET';
  window.asked.push({ method, url: request.url, body: request.data });
  const query = new URLSearchParams(request.params as Record<string, string>).toString();
  const response = await fetch(query ? `${request.url}?${query}` : request.url, {
    method,
    headers: { 'Content-Type': 'application/json', ...request.headers },
    body: request.data === undefined ? undefined : JSON.stringify(request.data),
  });
  const text = await response.text();
  const isJSON = response.headers.get('Content-Type')?.includes('json');
  const { ok, status, statusText, headers, redirected, type, url } = response;
  const data = isJSON ? JSON.parse(text) : text;
  const answer = { ok, status, statusText, headers, redirected, type, url, data };
  if (!ok) {
    throw { ...answer, config: request };
  }
  return { ...answer, config: request } as FetchResponse<T>;
}

/** The dashboard's variables, by the address: ?var-service=checkout. */
const variables = () => new URLSearchParams(location.search);

const templates = {
  replace: (text = '', scoped: ScopedVars = {}) =>
    text.replace(
      /\$\{?(\w+)\}?/g,
      (written, name) => `${scoped[name]?.value ?? variables().get(`var-${name}`) ?? written}`
    ),
  getVariables: () =>
    [...variables().keys()]
      .filter((k) => k.startsWith('var-'))
      .map((k) => ({ name: k.slice('var-'.length) })),
  containsTemplate: (text?: string) => /\$\w|\$\{/.test(text ?? ''),
  updateTimeRange: () => {},
};

/** Gives @grafana/runtime what Grafana would. */
export function installServices() {
  window.asked = [];
  setTemplateSrv(templates as unknown as TemplateSrv);
  setBackendSrv({
    fetch: <T>(request: BackendSrvRequest): Observable<FetchResponse<T>> => from(ask<T>(request)),
    get: async (url: string) => (await ask({ url })).data,
  } as unknown as BackendSrv);
  setDataSourceSrv({
    getInstanceSettings: (ref: unknown) => [settings, ...others].find((s) => s.uid === ref) ?? settings,
    getList: ({ type }: { type?: string } = {}) => others.filter((s) => !type || s.type === type),
    get: () => Promise.reject(new Error('there is no other data source')),
    reload: () => {},
  } as unknown as DataSourceSrv);
}
