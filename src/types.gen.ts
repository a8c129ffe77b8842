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

/** The ways to tell candidate and control apart. */
export const cohortWays = ['labels', 'time'] as const;

export type Cohorts = (typeof cohortWays)[number];

/** What one series is of. */
export const divisions = ['class', 'cluster'] as const;

export type Division = (typeof divisions)[number];

/** What a filter does with its value. */
export const operators = ['=', '!=', '=~', '!~', '=|', '!=|'] as const;

export type Operator = (typeof operators)[number];

/** What a query of type values lists. */
export const listed = ['clusters', 'nodes', 'rollouts', 'services', 'signals', 'versions'] as const;

export type Listed = (typeof listed)[number];

/** The forms in which each query type answers; the first is what an empty view stands for. */
export const views = {
  clusters: ['table', 'rates', 'lines'],
  crashes: ['table', 'rates'],
  deviation: ['sigma', 'raw', 'heatmap', 'table'],
  rollouts: ['table', 'timeline', 'annotations'],
  values: ['table'],
  verdict: ['summary', 'findings', 'evidence', 'state', 'stages'],
} as const;

/** What is asked for. */
export type QueryType = keyof typeof views;

export type View = (typeof views)[QueryType][number];

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

/** A Filter is a condition that a dashboard sets for all of its queries. */
export interface Filter {
  key: string;
  /** =, !=, =~, !~; =| and !=| for one of Values */
  operator: Operator;
  value: string;
  values?: string[];
}

/**
 * A Query is what the query editor, a dashboard or an alert rule asks for.
 * Its JSON form is kept in dashboards and alert rules for years: fields are
 * added, never renamed. Fields that are not known are passed over, since
 * Grafana adds its own. Which of them a query type reads is said in
 * docs/reference/datasource.md.
 */
export interface Query {
  /** version of this form; 1 if absent */
  v?: number;
  /** a key of queryTypes; "deviation" if empty */
  queryType?: QueryType;
  /** one of the type's views; the first if empty */
  view?: View;
  /**
   * Name is the signal's name in the exporter's configuration, if it is one of
   * those: what a signal is called helps to tell what kind it is.
   */
  name?: string;
  /** PromQL, or LogQL of clusters and crashes; macros are expanded */
  expr: string;
  /** PromQL of the exposure: errors out of requests */
  per?: string;
  /** label that names an instance; empty if the service is seen as a whole */
  nodeLabel?: string;
  /**
   * Cohorts says how candidate and control are told apart: by "labels" (the
   * default) or by "time".
   */
  cohorts?: Cohorts;
  /** for "time": the series to look at, all if empty */
  candidate?: Selector;
  /** for "labels" */
  control?: Selector;
  /**
   * Back makes control of the same series this long before, as a PromQL
   * duration; for "time".
   */
  back?: string;
  /**
   * Since is when the change began, Until when it was over: RFC 3339 or
   * milliseconds since the epoch. Without Back and with "time" Since divides
   * before from after.
   */
  since?: string;
  until?: string;
  worse?: Direction;
  sensitivity?: Sensitivity;
  unit?: string;
  kind?: Kind;
  /** name of a series; {{label}} is that label's value; the type's own if empty */
  legend?: string;
  /**
   * Step is the width of one bin of samples as a PromQL duration; one minute
   * if empty, as for the judge. It is what $__interval stands for. A panel
   * whose interval is wider shows every n-th bin.
   */
  step?: string;
  /** name of a service */
  service?: string;
  /** id of a rollout that the exporter knows */
  rollout?: string;
  /** label that names the version */
  versionLabel?: string;
  /** what a verdict is made of, if the exporter is not asked for it */
  signals?: Signal[];
  strategy?: Strategy;
  /**
   * Match picks rollouts: service, layer, version, verdict, strategy, tool
   * or a label of the scope to the wanted value.
   */
  match?: Selector;
  /** only log clusters of these classes; all if empty */
  classes?: Class[];
  /** only the log cluster of this id */
  cluster?: string;
  /** one series a "class" (the default) or one a "cluster" */
  by?: Division;
  /** rows or lines at most; the view's own if 0 */
  limit?: number;
  /** what a query of type values lists */
  values?: Listed;
  /** the dashboard's ad-hoc filters */
  filters?: Filter[];
  /** for the front end: the panel follows a stream */
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
 * A serviceSuggestion is a service that Prometheus holds metrics of, or Loki
 * lines, in the form of the exporter's configuration, and cohorts that answer
 * now.
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
  /** byLabels, byTime; empty if there is nothing to compare with */
  cohorts?: Cohorts;
  candidate?: Selector;
  control?: Selector;
  back?: string;
}

/** A listedRollout is a rollout that the exporter has seen, for an editor. */
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

/** cohortNodes are the nodes of one cohort. */
export interface Cohort {
  /** in order; at most maxListed */
  nodes: string[];
  /** of all */
  count: number;
  query?: string;
  error?: string;
}

/**
 * A validation says whether an expression can be read, and the first mistake
 * if it cannot. Positions count UTF-16 code units from 0, as JavaScript does;
 * end is exclusive. Both are 0 if no part of the expression is to blame.
 */
export interface Checked {
  ok: boolean;
  error?: string;
  start: number;
  end: number;
}
