import { type DataSourceJsonData } from '@grafana/data';
import { type DataQuery } from '@grafana/schema';

/** Label name to wanted value. A value may begin with "!=", "=~" or "!~"; any other must be equal. */
export type Selector = Record<string, string>;

/** What is asked for. */
export type QueryType = 'deviation' | 'clusters' | 'crashes' | 'verdict' | 'rollouts' | 'values';

/** How candidate and control are told apart. */
export type Cohorts = 'labels' | 'time';

/** Which way a signal's value moves when things get worse. */
export type Direction = 'higher' | 'lower' | 'both';

/** What rate of false halts is promised, and how small an effect counts. */
export type Sensitivity = 'high' | 'medium' | 'low';

/** The forms in which each query type answers; the first is what an empty view stands for. */
export const views = {
  deviation: ['sigma', 'raw', 'heatmap', 'table'],
  clusters: ['table', 'rates', 'lines'],
  crashes: ['table', 'rates'],
  verdict: ['summary', 'findings', 'evidence', 'state', 'stages'],
  rollouts: ['table', 'timeline', 'annotations'],
  values: ['table'],
} as const satisfies Record<QueryType, readonly string[]>;

export type View = (typeof views)[QueryType][number];

/** How a signal is compared; empty lets the back end infer it. */
export type Kind = '' | 'counts' | 'crashes' | 'failures' | 'latency' | 'resource' | 'memory' | 'value';

/** What a log cluster is against control. */
export type ClusterClass = 'known' | 'unknown' | 'unexpected_frequency' | 'gone';

/** How a rollout goes out, and thereby what it is compared with. */
export type Strategy =
  'auto' | 'canary' | 'rolling' | 'blue-green' | 'before-after' | 'load-test' | 'threshold';

/** What a query for values lists. */
export type Listed = 'services' | 'rollouts' | 'signals' | 'nodes' | 'clusters' | 'versions';

/** A condition that a dashboard sets for all of its queries. */
export interface AdHocFilter {
  key: string;
  operator: '=' | '!=' | '=~' | '!~' | '=|' | '!=|';
  value: string;
  /** For the operators of several values. */
  values?: string[];
}

/** A static threshold, in the signal's unit. */
export interface Bound {
  above?: number;
  below?: number;
  /** How long without a break, as a PromQL duration. */
  for?: string;
}

/** One thing to look at for a service, as in the exporter's configuration. One of metric, logs and crashes is set. */
export interface Signal {
  name: string;
  metric?: string;
  logs?: string;
  crashes?: string;
  per?: string;
  worse?: Direction;
  unit?: string;
  kind?: Kind;
  weight?: number;
  critical?: boolean;
  margin?: number;
  fail_fast?: Bound;
  ignore?: Bound;
}

/**
 * What the data source is asked. Dashboards and alert rules keep this JSON for years: fields are added, never
 * renamed, and what is left out is filled in by the back end. Which fields each type reads is in docs/reference/datasource.md.
 */
export interface AndonQuery extends DataQuery {
  v: 2;
  queryType: QueryType;
  view?: View;
  /** PromQL for deviations, LogQL for clusters and crashes; empty for the other types. */
  expr: string;
  /** PromQL of the exposure: with it, expr counts events out of these. */
  per?: string;
  nodeLabel?: string;
  cohorts?: Cohorts;
  candidate?: Selector;
  control?: Selector;
  /** Control is this long earlier, as a PromQL duration. Only for cohorts by time. */
  back?: string;
  /** When the change began: RFC 3339 or milliseconds since the epoch. */
  since?: string;
  /** When the change was over: the same form. */
  until?: string;
  worse?: Direction;
  sensitivity?: Sensitivity;
  unit?: string;
  kind?: Kind;
  /** What the signal is called in the exporter's configuration. */
  name?: string;
  legend?: string;
  /** Width of one bin, as a PromQL duration. */
  step?: string;

  /** Name of a service. */
  service?: string;
  /** Id of a rollout that the exporter knows. */
  rollout?: string;
  /** The label that names the version. */
  versionLabel?: string;
  /** What a verdict is made of, if the exporter is not asked for it. */
  signals?: Signal[];
  strategy?: Strategy;
  /** Only rollouts of which these are true: service, layer, version, verdict, strategy, tool, or a scope's label. */
  match?: Selector;

  /** Only log clusters of these classes. */
  classes?: ClusterClass[];
  /** Only the log cluster of this id. */
  cluster?: string;
  /** One series a class or one a cluster. */
  by?: 'class' | 'cluster';
  /** Rows or lines at most. */
  limit?: number;

  /** What a query of type values lists. */
  values?: Listed;
  /** The dashboard's ad-hoc filters; set when a query is sent. */
  filters?: AdHocFilter[];
  /** The panel is kept up to date through a stream; see docs/reference/datasource.md. */
  live?: boolean;
  /** How the query editor shows the query; the back end passes over it. */
  editor?: EditorMode;
}

/** By pickers, or as text. */
export type EditorMode = 'builder' | 'code';

/** A service: what is configured at the exporter, or what was found in Prometheus and Loki. */
export interface Service {
  name: string;
  layer?: string;
  /** The label that names an instance. */
  node?: string;
  /** The label that names the version. */
  version?: string;
  sensitivity?: Sensitivity;
  step?: string;
  signals: Signal[];
  /** For services that were found: cohorts that answer now. */
  cohorts?: Cohorts;
  candidate?: Selector;
  control?: Selector;
  back?: string;
}

/** A rollout that the exporter has seen. */
export interface Rollout {
  id: string;
  service: string;
  version?: string;
  started?: string;
  ended?: string;
  verdict?: string;
}

/** One side of a comparison, as it resolves. */
export interface Cohort {
  nodes?: string[];
  /** How many there are; not all may be named. */
  count?: number;
  /** The query that was asked of it. */
  query?: string;
  error?: string;
}

/** What people say of a log cluster. */
export type Risk = 'high' | 'medium' | 'none';

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
export interface Validation {
  /** The expression with variables replaced, as it was sent. */
  asked: string;
  error?: string;
  /** Where the wrong part begins and ends in asked; equal or absent if no part is to blame. */
  start?: number;
  end?: number;
}
