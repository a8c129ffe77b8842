import { type DataSourceJsonData } from '@grafana/data';
import { type DataQuery } from '@grafana/schema';
import { type Query, queryDefaults, type QueryType, type Settings, type ValidationResult } from './types.gen';

export {
  type AdHocFilter,
  type Bound,
  type Class as ClusterClass,
  type CohortMode,
  type CohortNodes,
  defaultLimits,
  type Direction,
  type FeedbackRequest,
  feedbackRoles,
  type Grouping,
  growingViews,
  type Kind,
  kinds,
  kindTexts,
  languageOfType,
  type QueryLanguage,
  type QueryType,
  type Risk,
  type Rollout,
  type Selector,
  type SelectorOperator,
  selectorOperators,
  type Sensitivity,
  type Service,
  type Signal,
  signalParts,
  type Strategy,
  type ValueList,
  type View,
  views,
} from './types.gen';

/**
 * A query as the editor holds it. Dashboards and alert rules keep this JSON for years: fields are added, never renamed.
 * The back end fills in what is left out. Which query type reads which field is in docs/reference/datasource.md.
 */
export interface AndonQuery extends Omit<Query, 'v' | 'queryType'>, DataQuery {
  v: typeof queryDefaults.v;
  queryType: QueryType;
  /** How the query editor shows the query; the back end ignores it. */
  editor?: EditorMode;
}

/** With pickers, or as text. */
export type EditorMode = 'builder' | 'code';

/** A new query. */
export const defaultQuery = {
  ...queryDefaults,
  expr: '',
  nodeLabel: 'pod',
  candidate: {},
  control: {},
} as const satisfies Omit<AndonQuery, 'refId'>;

/**
 * The HTTP settings of Loki or the exporter, under Grafana's names in jsonData. Their secrets are in secureJsonData
 * with the upstream's name in front: lokiBasicAuthPassword, exporterHttpHeaderValue1, lokiTlsCACert,
 * lokiTlsClientCert, lokiTlsClientKey.
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
  /** Of one request, in seconds. */
  timeout?: number;
  [httpHeaderName: `httpHeaderName${number}`]: string;
}

/** The data source's own settings; URL, authentication, headers and TLS of Prometheus are Grafana's standard fields. */
export interface AndonOptions extends DataSourceJsonData, Omit<Settings, 'loki' | 'exporter'> {
  loki?: HttpOptions;
  exporter?: HttpOptions;
}

/** The back end's check of an expression. */
export interface Validation extends Partial<ValidationResult> {
  /** The expression that was checked: with variables replaced. */
  asked: string;
}
