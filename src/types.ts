import { type DataSourceJsonData } from '@grafana/data';
import { type DataQuery } from '@grafana/schema';

/** Label name to wanted value. A value may begin with "!=", "=~" or "!~"; any other must be equal. */
export type Selector = Record<string, string>;

/** How candidate and control are told apart. */
export type Cohorts = 'labels' | 'time';

/** Which way a signal's value moves when things get worse. */
export type Direction = 'higher' | 'lower' | 'both';

/** What rate of false halts is promised, and how small an effect counts. */
export type Sensitivity = 'high' | 'medium' | 'low';

/** Standard deviations of control, or the signal as it is. */
export type View = 'sigma' | 'raw';

/** How a signal is compared; empty lets the back end infer it. */
export type Kind = '' | 'counts' | 'failures' | 'latency' | 'resource' | 'memory' | 'value';

/**
 * What the data source is asked. Dashboards and alert rules keep this JSON for years: fields are added, never
 * renamed, and what is left out is filled in by the back end.
 */
export interface AndonQuery extends DataQuery {
  v: 1;
  queryType: 'deviation';
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
  worse?: Direction;
  sensitivity?: Sensitivity;
  unit?: string;
  kind?: Kind;
  view?: View;
  legend?: string;
  /** Width of one bin, as a PromQL duration. */
  step?: string;
}

/** What a new query holds. Must say what the back end takes for fields that are left out. */
export const defaultQuery = {
  v: 1,
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

/** The data source's own settings; URL, authentication, headers and TLS are Grafana's standard fields. */
export interface AndonOptions extends DataSourceJsonData {
  /** How often Prometheus scrapes, as a PromQL duration; 15s if empty. */
  timeInterval?: string;
  /** Where the companion exporter serves; empty if there is none. */
  exporterUrl?: string;
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
