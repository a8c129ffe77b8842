// Made from pkg/plugin and what it knows of by go generate ./...; do not edit.

/** A Direction says which way a signal's value moves when things get worse. */
export const directions = ['higher', 'lower', 'both'] as const;

export type Direction = (typeof directions)[number];

/**
 * A Sensitivity is the one knob an operator turns: what rate of false halts
 * is promised, and how small an effect counts.
 */
export const sensitivities = ['high', 'medium', 'low'] as const;

export type Sensitivity = (typeof sensitivities)[number];

/** A Kind says how a signal is compared. */
export const kinds = [
  'counts',
  'crashes',
  'failures',
  'latency',
  'resource',
  'memory',
  'value',
  'jitter',
] as const;

export type Kind = (typeof kinds)[number];

/** A Family is a group of signals that share a weight. */
export const families = ['startup'] as const;

export type Family = (typeof families)[number];

/** A Strategy says how a change goes out, and thereby what it can be compared with. */
export const strategies = [
  'auto',
  'canary',
  'rolling',
  'blue-green',
  'region-control',
  'before-after',
  'load-test',
  'threshold',
] as const;

export type Strategy = (typeof strategies)[number];

/** A Layer is where in the stack a service lives. */
export const layers = ['infrastructure', 'platform', 'software'] as const;

export type Layer = (typeof layers)[number];

/**
 * A Class says how a cluster of log lines, or a crash signature, stands to
 * control.
 */
export const classes = ['unknown', 'unexpected_frequency', 'known', 'gone'] as const;

export type Class = (typeof classes)[number];

/** A Risk is what a person said of a cluster or of a crash signature. */
export const risks = ['high', 'medium', 'none'] as const;

export type Risk = (typeof risks)[number];

/** A Decision is the answer to "did this rollout make its service worse?". */
export const decisions = ['pass', 'fail', 'inconclusive'] as const;

export type Decision = (typeof decisions)[number];

/** What distinguishes candidate from control. */
export const cohortModes = ['labels', 'time'] as const;

export type CohortMode = (typeof cohortModes)[number];

/** What has a series of its own. */
export const groupings = ['class', 'cluster'] as const;

export type Grouping = (typeof groupings)[number];

/** How an ad-hoc filter compares. */
export const filterOperators = ['=', '!=', '=~', '!~', '=|', '!=|'] as const;

export type FilterOperator = (typeof filterOperators)[number];

/** How a selector compares a label. All but = are written in front of the value. */
export const selectorOperators = ['=', '!=', '=~', '!~'] as const;

export type SelectorOperator = (typeof selectorOperators)[number];

/** What a query of type values lists. */
export const valueLists = ['clusters', 'nodes', 'rollouts', 'services', 'signals', 'versions'] as const;

export type ValueList = (typeof valueLists)[number];

/** The languages of expressions. */
export const queryLanguages = ['promql', 'logql'] as const;

export type QueryLanguage = (typeof queryLanguages)[number];

/** The roles of Grafana that may give feedback. */
export const feedbackRoles = ['Editor', 'Admin', 'Grafana Admin'] as const;

/** What people read of a kind. */
export const kindTexts: Record<Kind, string> = {
  counts: 'Events out of a total, such as errors out of requests: needs "Out of"',
  crashes: 'Events per running time, such as restarts',
  failures: 'A share of failures or successes',
  latency: 'Durations, on a log scale',
  resource: 'CPU and other load, on a log scale',
  memory: 'Shown, but not judged',
  value: 'A plain number',
  jitter: 'How far consecutive samples lie apart, whatever their level',
};

/** The forms in which each query type answers; the first is what an empty view stands for. */
export const views = {
  clusters: ['table', 'rates', 'lines'],
  crashes: ['table', 'rates'],
  deviation: ['sigma', 'raw', 'heatmap', 'table'],
  rollouts: ['table', 'timeline', 'annotations'],
  values: ['table'],
  verdict: ['summary', 'findings', 'evidence', 'state', 'stages'],
} as const;

export type QueryType = keyof typeof views;

export type View = (typeof views)[QueryType][number];

/** The views whose streams send only new points. Streams of other views send the whole answer each time. */
export const growingViews: Partial<Record<QueryType, readonly View[]>> = {
  deviation: ['sigma', 'raw'],
  verdict: ['evidence', 'state'],
};

/** The language of the expression of each query type that has one. */
export const languageOfType: Partial<Record<QueryType, QueryLanguage>> = {
  clusters: 'logql',
  crashes: 'logql',
  deviation: 'promql',
};

/** The part of a signal that each query type asks for. */
export const signalParts: Partial<Record<QueryType, 'metric' | 'logs' | 'crashes'>> = {
  clusters: 'logs',
  crashes: 'crashes',
  deviation: 'metric',
};

/** How many rows, series or lines an answer has if the query sets no limit. */
export const defaultLimits = { clusters: 100, clusterSeries: 20, lines: 1000, rollouts: 200 } as const;

/** What the back end takes for fields that a query leaves out. */
export const queryDefaults = {
  v: 2,
  queryType: 'deviation',
  view: 'sigma',
  legend: '{{node}}',
  cohorts: 'labels',
  worse: 'higher',
  sensitivity: 'medium',
} as const;

/**
 * A Selector picks series by their labels: label name to the value
 * it has. One that begins with "!=", "=~" or "!~" is that matcher's operand; any
 * other value must be equal. The empty Selector picks everything.
 */
export type Selector = Record<string, string>;

/**
 * A Bound is a static threshold on a signal's value, in the signal's unit. At
 * least one of Above and Below is set; a value beyond either is in the bound.
 */
export interface Bound {
  above?: number;
  below?: number;
  /** how long without a break */
  for?: string;
}

/**
 * A Signal is one thing to look at for a service. Exactly one of Metric, Logs
 * and Crashes is set.
 */
export interface Signal {
  name: string;
  /** PromQL */
  metric?: string;
  /** LogQL */
  logs?: string;
  /** LogQL */
  crashes?: string;
  /**
   * Per is the exposure of Metric, in PromQL: errors out of requests. It
   * makes Metric a count of events out of events.
   */
  per?: string;
  worse?: Direction;
  unit?: string;
  /**
   * Kind says how the signal is compared; inferred from Per, Unit, Worse
   * and the names of the metrics if empty.
   */
  kind?: Kind;
  /**
   * Family is StartUpFamily for a signal of which only each node's first
   * minutes count; else that of its Kind.
   */
  family?: Family;
  /**
   * Weight is the signal's share of the evidence; that of its family if nil.
   * A weight of 0 shows the signal and counts it for nothing.
   */
  weight?: number;
  /**
   * Critical has the signal's evidence fail the rollout by itself, whatever
   * its weight and whatever the other signals show.
   */
  critical?: boolean;
  /**
   * Margin is the smallest change that counts, as a ratio (0.05 is 5%);
   * that of its kind if nil.
   */
  margin?: number;
  /** breached: fails at once, without analysis */
  fail_fast?: Bound;
  /** all points inside: passes, without analysis */
  ignore?: Bound;
}

/** An AdHocFilter is a condition that a dashboard adds to all of its queries. */
export interface AdHocFilter {
  key: string;
  /** =, !=, =~ or !~; =| and !=| mean one of values, none of values */
  operator: FilterOperator;
  value: string;
  values?: string[];
}

/**
 * A Query is what the query editor, a dashboard or an alert rule asks for.
 * Dashboards and alert rules keep its JSON form for years: fields are added,
 * never renamed. Unknown fields are ignored, since Grafana adds its own. Which
 * query type reads which field is in docs/reference/datasource.md.
 */
export interface Query {
  /** version of this form; 1 if missing */
  v?: number;
  /** a key of queryTypes; "deviation" if empty */
  queryType?: QueryType;
  /** one of the type's views; the first if empty */
  view?: View;
  /**
   * Name is the signal's name in the exporter's configuration, if it is one of
   * those. The name helps to infer the signal's kind.
   */
  name?: string;
  /** PromQL, or LogQL of clusters and crashes; macros are expanded */
  expr: string;
  /** PromQL of the total that Expr is a part of: requests, of which Expr counts errors */
  per?: string;
  /** label that names an instance; empty compares the service as a whole */
  nodeLabel?: string;
  /**
   * Cohorts says what distinguishes candidate from control: "labels" (the
   * default) or "time".
   */
  cohorts?: CohortMode;
  /** label to value; with "time": which series to compare, all if empty */
  candidate?: Selector;
  /** label to value; for "labels" */
  control?: Selector;
  /**
   * Back compares with the same series this much earlier, as a PromQL
   * duration; for "time".
   */
  back?: string;
  /**
   * Since is when the change began and Until when it ended, as RFC 3339 or in
   * milliseconds since 1970. With "time" and without Back, what came after
   * Since is compared with what came before.
   */
  since?: string;
  until?: string;
  worse?: Direction;
  sensitivity?: Sensitivity;
  unit?: string;
  kind?: Kind;
  /** name of a series; {{label}} becomes that label's value; the type's default if empty */
  legend?: string;
  /**
   * Step is the width of one bin of samples, as a PromQL duration; one minute
   * if empty, like the judge's. It is the value of $__interval. A panel with a
   * wider interval shows every n-th bin.
   */
  step?: string;
  /** name of a service */
  service?: string;
  /** id of a rollout that the exporter knows */
  rollout?: string;
  /** label that names the version */
  versionLabel?: string;
  /** what a verdict is about, if not the signals of the exporter's configuration */
  signals?: Signal[];
  strategy?: Strategy;
  /**
   * Match picks rollouts: service, layer, version, verdict, strategy, tool
   * or a label of the scope, each with its value.
   */
  match?: Selector;
  /** only log clusters of these classes; all if empty */
  classes?: Class[];
  /** only the log cluster of this id */
  cluster?: string;
  /** one series for each "class" (the default) or each "cluster" */
  by?: Grouping;
  /** maximum number of rows or lines; the view's default if 0 */
  limit?: number;
  /** what a query of type values lists */
  values?: ValueList;
  /** the dashboard's ad-hoc filters */
  filters?: AdHocFilter[];
  /** for the front end: the panel is updated by a stream */
  live?: boolean;
}

/** A VersionCheck asserts that what was deployed is what runs. */
export interface VersionCheck {
  /** PromQL; one series for each node or region, with the version as a label */
  metric: string;
  /** that label; Service.Version if empty */
  label?: string;
  /** after the first stage; ten minutes if zero */
  within?: string;
}

/**
 * A CompletenessCheck asserts that what goes out was made from as many sources
 * as it should be.
 */
export interface CompletenessCheck {
  /**
   * Metric is PromQL: one series whose value is the number of sources, or,
   * with By, series of which each value of that label is a source. Series
   * whose value is 0 are sources that are not there.
   */
  metric: string;
  by?: string;
  /** a number, or Previous; Previous if empty */
  at_least?: string;
  /** after the start; ten minutes if zero */
  within?: string;
}

/** A ScopeCheck asserts that a change does not go to too much at once. */
export interface ScopeCheck {
  at_most: number;
  /** key of Rollout.Scope, whose values are parted by commas, and label of Metric */
  of: string;
  /**
   * Metric is PromQL of what the change touches, of which each value of the
   * label Of counts; the candidate's matchers are written into it. Optional.
   */
  metric?: string;
  /** after the start that Metric is looked at; ten minutes if zero */
  within?: string;
}

/**
 * A Preflight is a check that a change goes where and as it should, before any
 * evidence of harm: that the version is the one which the tool says it
 * deployed, that data were made from all their sources, that no more is
 * touched at once than policy allows. One that fails fails the rollout at
 * once; one that could not be decided keeps it from passing. Exactly one of
 * Version, Completeness and Scope is set.
 */
export interface Preflight {
  /**
   * Name is what its finding is called; that of the check behind
   * "preflight-" if empty.
   */
  name?: string;
  version?: VersionCheck;
  completeness?: CompletenessCheck;
  scope?: ScopeCheck;
}

/**
 * A Service is a service found in Prometheus or Loki, in the form of
 * the exporter's configuration, with cohorts that have data now.
 */
export interface Service {
  name: string;
  layer?: Layer;
  /** label that names an instance; empty if the service is seen as a whole */
  node?: string;
  /** label that names the version; a new value announces a rollout */
  version?: string;
  sensitivity?: Sensitivity;
  /**
   * Scope names the labels of series that say where a node is, the widest
   * first: region, zone. They part what is compared (a rollout whose scope
   * names one of them is compared within it, or with what lies outside) and
   * what is told of each place (Verdict.Scopes).
   */
  scope?: string[];
  /** Step is the width of one bin of samples; one minute if zero. */
  step?: string;
  /**
   * WarmUp is how long after its first sample a node is left out of
   * continuous comparisons, on both sides; three minutes if nil.
   */
  warm_up?: string;
  /**
   * DependsOn names the services that this one calls, directly or through
   * others (see Callees). Where no control that runs at the same time cancels
   * what a callee does to its caller, a rollout of one of them explains what
   * is seen on this service, and that of any other service does not. Nil if
   * it is not known whom the service calls: then any may explain it.
   */
  depends_on?: string[];
  /** Preflight is checked before any evidence. */
  preflight?: Preflight[];
  signals: Signal[];
  /** labels or time; empty if there is nothing to compare with */
  cohorts?: CohortMode;
  candidate?: Selector;
  control?: Selector;
  back?: string;
}

/** A Rollout is a rollout of the exporter, for editors. */
export interface Rollout {
  id: string;
  service: string;
  version: string;
  started: string;
  /** null while it is under way */
  ended: string | null;
  /** empty if there is none */
  verdict: Decision | '';
  underWay: boolean;
}

/** CohortNodes are the nodes of one cohort. */
export interface CohortNodes {
  /** sorted; at most 500 */
  nodes: string[];
  /** of all nodes, listed or not */
  count: number;
  query?: string;
  error?: string;
}

/**
 * A ValidationResult says whether an expression is valid, and if not, what the first
 * mistake is. Positions count UTF-16 code units from 0, as in JavaScript; end is
 * exclusive. Both are 0 if the mistake is not in one place.
 */
export interface ValidationResult {
  ok: boolean;
  error?: string;
  start: number;
  end: number;
}

/** A FeedbackRequest is feedback on a log cluster or a crash signature. */
export interface FeedbackRequest {
  service: string;
  id?: string;
  /** the same as id, named like the column of tables */
  cluster?: string;
  template?: string;
  title?: string;
  /** left out to take back the last feedback */
  risk?: Risk;
  note?: string;
}

/**
 * Settings are the fields of a data source's jsonData that only this plugin has.
 * Grafana's common fields (URL, authentication, headers, TLS, timeout) are those
 * of Prometheus.
 */
export interface Settings {
  /** TimeInterval is how often Prometheus scrapes, as a PromQL duration; 15s if empty. */
  timeInterval?: string;
  /**
   * LokiURL and ExporterURL are the addresses of Loki and of andon serve; empty if
   * there is none.
   */
  lokiUrl?: string;
  exporterUrl?: string;
  /**
   * Loki and Exporter hold the HTTP settings of each, under the names that
   * Grafana uses in jsonData. The secrets are in secureJsonData with the
   * upstream's name in front, as in lokiBasicAuthPassword.
   */
  loki?: unknown;
  exporter?: unknown;
  /** PrometheusUID and LokiUID name the user's own data sources, for links. */
  prometheusUid?: string;
  lokiUid?: string;
}
