import { type DataSourceJsonData } from '@grafana/data';
import { type DataQuery } from '@grafana/schema';
import { type Checked, type Query, type QueryType } from './types.gen';

export {
  type Bound,
  type Class as ClusterClass,
  type Cohort,
  type Cohorts,
  type Direction,
  type Filter as AdHocFilter,
  type Kind,
  type Listed,
  type QueryType,
  type Risk,
  type Rollout,
  type Selector,
  type Sensitivity,
  type Service,
  type Signal,
  type Strategy,
  type View,
  views,
} from './types.gen';

/**
 * What the data source is asked. Dashboards and alert rules keep this JSON for years: fields are added, never
 * renamed, and what is left out is filled in by the back end. Which fields each type reads is in docs/reference/datasource.md.
 */
export interface AndonQuery extends Omit<Query, 'v' | 'queryType'>, DataQuery {
  v: 2;
  queryType: QueryType;
  /** How the query editor shows the query; the back end passes over it. */
  editor?: EditorMode;
}

/** By pickers, or as text. */
export type EditorMode = 'builder' | 'code';

/** What a new query holds. Must say what the back end takes for fields that are left out. */
export const defaultQuery = {
  v: 2,
  queryType: 'deviation',
  expr: '',
  nodeLabel: 'pod',
  cohorts: 'labels',
  candidate: {},
  control: {},
  worse: 'higher',
  sensitivity: 'medium',
  view: 'sigma',
  legend: '{{node}}',
} as const satisfies Omit<AndonQuery, 'refId'>;

/**
 * How Loki or the exporter is reached: what jsonData holds for any data source over HTTP. The secrets beside it are
 * in secureJsonData, with the name of the upstream in front: lokiBasicAuthPassword, exporterHttpHeaderValue1,
 * lokiTlsCACert, lokiTlsClientCert, lokiTlsClientKey.
 */
export interface HttpOptions {
  basicAuth?: boolean;
  basicAuthUser?: string;
  oauthPassThru?: boolean;
  keepCookies?: string[];
  tlsAuth?: boolean;
  tlsAuthWithCACert?: boolean;
  tlsSkipVerify?: boolean;
  serverName?: string;
  /** Seconds, of one request. */
  timeout?: number;
  [httpHeaderName: `httpHeaderName${number}`]: string;
}

/** The data source's own settings; URL, authentication, headers and TLS of Prometheus are Grafana's standard fields. */
export interface AndonOptions extends DataSourceJsonData {
  /** How often Prometheus scrapes, as a PromQL duration; 15s if empty. */
  timeInterval?: string;
  /** Where Loki serves; empty if there is none. */
  lokiUrl?: string;
  loki?: HttpOptions;
  /** Where the companion exporter serves; empty if there is none. */
  exporterUrl?: string;
  exporter?: HttpOptions;
  /** The user's own data sources, for links from an answer to the query behind it. */
  prometheusUid?: string;
  lokiUid?: string;
}

/** What the back end says of an expression. */
export interface Validation extends Partial<Checked> {
  /** The expression with variables replaced, as it was sent. */
  asked: string;
}
