import { type AdHocVariableFilter, type ScopedVars } from '@grafana/data';
import { formatValue, parseValue } from './selector';
import { type AdHocFilter, type AndonQuery, type Selector, type Signal } from './types';

/** Replaces the variables in a text; format writes the value of one variable. */
export type Replace = (text: string, scopedVars: ScopedVars, format?: Format) => string;

type Format = (value: string | string[], variable: { multi?: boolean; includeAll?: boolean }) => string;

const escapeRegex = (s: string) => s.replace(/[\\^$*+?.()|[\]{}]/g, '\\$&');

// Strings of PromQL and LogQL are quoted: a backslash is written twice. Double quotes allow no escaped single quote.
const escapeString = (s: string) => s.replace(/["\\]/g, '\\$&');

const alternatives = (values: string[]) =>
  values.length === 1 ? escapeRegex(values[0]) : `(${values.map(escapeRegex).join('|')})`;

// As in Grafana's Prometheus data source: a variable that may have several values is meant for =~.
const inExpression: Format = (value, variable) =>
  typeof value === 'string' && !variable.multi && !variable.includeAll
    ? escapeString(value)
    : escapeString(alternatives([value].flat()));

/**
 * Replaces the dashboard variables in every text of a query and adds the dashboard's ad-hoc filters. The interval
 * variables stay, since the back end replaces them the same way in panels and in alert rules.
 */
export function interpolateQuery<T extends AndonQuery>(
  query: T,
  scopedVars: ScopedVars,
  replace: Replace,
  filters: AdHocVariableFilter[] = []
): T {
  const vars = withoutInterval(scopedVars);
  const plain = (text: string) => replace(text, vars);
  const expression = (text: string) => replace(text, vars, inExpression);
  const selector = (s: Selector) =>
    Object.fromEntries(
      Object.entries(s).map(([label, v]) => [plain(label), interpolateValue(v, vars, replace)])
    );

  const signal = (s: Signal): Signal => ({
    ...s,
    ...apply(s, ['metric', 'per', 'logs', 'crashes'], expression),
  });

  return {
    ...query,
    expr: expression(query.expr ?? ''),
    ...apply(query, ['per'], expression),
    ...apply(query, ['signals'], (all) => all.map(signal)),
    ...apply(query, ['candidate', 'control', 'match'], selector),
    ...apply(query, plainFields, plain),
    ...(filters.length > 0 && { filters: filters.map(adHoc) }),
  };
}

const plainFields = [
  'nodeLabel',
  'back',
  'since',
  'until',
  'unit',
  'name',
  'legend',
  'step',
  'service',
  'rollout',
  'versionLabel',
  'cluster',
] as const;

const adHoc = ({ key, operator, value, values }: AdHocVariableFilter): AdHocFilter => ({
  key,
  operator: operator as AdHocFilter['operator'],
  value,
  ...(values && { values }),
});

/** The given fields of an object, changed; fields that are not set are left out. */
function apply<T extends object, K extends keyof T>(
  object: T,
  fields: readonly K[],
  change: (v: NonNullable<T[K]>) => T[K]
): Partial<T> {
  return Object.fromEntries(
    fields.filter((f) => object[f] != null).map((f) => [f, change(object[f] as NonNullable<T[K]>)])
  ) as unknown as Partial<T>;
}

/** Replaces the variables in one value of a selector. Several values turn = into =~ and != into !~. */
function interpolateValue(text: string, vars: ScopedVars, replace: Replace): string {
  const { operator, value } = parseValue(text);
  let many = false;
  const asRegex = replace(value, vars, (v, variable) => {
    many ||= Array.isArray(v) && v.length > 1;
    return typeof v === 'string' && !variable.multi && !variable.includeAll ? v : alternatives([v].flat());
  });
  if (operator === '=~' || operator === '!~') {
    return operator + asRegex;
  }
  if (many) {
    return (operator === '=' ? '=~' : '!~') + asRegex;
  }
  return formatValue({ operator, value: replace(value, vars, (v) => [v].flat().join('')) });
}

function withoutInterval(scopedVars: ScopedVars): ScopedVars {
  const { __interval, __interval_ms, __rate_interval, ...rest } = scopedVars;
  return rest;
}
