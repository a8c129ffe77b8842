import { type ScopedVars } from '@grafana/data';
import { formatValue, parseValue } from './selector';
import { type AndonQuery, type Selector } from './types';

/** Replaces variables in a text; format turns the value of one variable into what is put in its place. */
export type Replace = (text: string, scopedVars: ScopedVars, format?: Format) => string;

type Format = (value: string | string[], variable: { multi?: boolean; includeAll?: boolean }) => string;

const escapeRegex = (s: string) => s.replace(/[\\^$*+?.()|[\]{}]/g, '\\$&');

// PromQL's strings are quoted: a backslash is written twice. Double quotes allow no escaped single quote.
const escapeString = (s: string) => s.replace(/["\\]/g, '\\$&');

const alternatives = (values: string[]) =>
  values.length === 1 ? escapeRegex(values[0]) : `(${values.map(escapeRegex).join('|')})`;

// As Grafana's Prometheus data source does: what may hold many values is meant for =~.
const inExpression: Format = (value, variable) =>
  typeof value === 'string' && !variable.multi && !variable.includeAll
    ? escapeString(value)
    : escapeString(alternatives([value].flat()));

/**
 * Puts the values of dashboard variables into every text of a query. The interval variables stay: the back end
 * knows them too, and expands them the same way for a panel and for an alert rule.
 */
export function interpolateQuery<T extends AndonQuery>(
  query: T,
  scopedVars: ScopedVars,
  replace: Replace
): T {
  const vars = withoutInterval(scopedVars);
  const plain = (text: string) => replace(text, vars);
  const promql = (text: string) => replace(text, vars, inExpression);
  const selector = (s: Selector) =>
    Object.fromEntries(
      Object.entries(s).map(([label, v]) => [plain(label), interpolateValue(v, vars, replace)])
    );

  return {
    ...query,
    expr: promql(query.expr ?? ''),
    ...apply(query, ['per'], promql),
    ...apply(query, ['candidate', 'control'], selector),
    ...apply(query, ['nodeLabel', 'back', 'since', 'unit', 'legend', 'step'], plain),
  };
}

/** Returns those of the fields that the query has, changed. */
function apply<K extends keyof AndonQuery>(
  query: AndonQuery,
  fields: K[],
  change: (v: NonNullable<AndonQuery[K]>) => AndonQuery[K]
): Partial<AndonQuery> {
  return Object.fromEntries(
    fields.filter((f) => query[f] != null).map((f) => [f, change(query[f] as NonNullable<AndonQuery[K]>)])
  );
}

/** Interpolates one value of a selector. A variable with several values turns = into =~ and != into !~. */
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
