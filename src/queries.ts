import { describeSelector } from './selector';
import { type AndonQuery, defaultQuery, type QueryType, type View, views } from './types';

/** Query types, in the order of the editor. Values are asked for by variables only. */
export const queryTypes: Array<{ value: QueryType; label: string; description: string }> = [
  { value: 'deviation', label: 'Deviation', description: 'How far each new node strays from the old ones' },
  { value: 'clusters', label: 'Log clusters', description: 'Which log lines are new, or more frequent' },
  { value: 'crashes', label: 'Crashes', description: 'What crashes, by version' },
  { value: 'verdict', label: 'Verdict', description: 'Whether a rollout made its service worse' },
  { value: 'rollouts', label: 'Rollouts', description: 'What the exporter has seen' },
];

/** What a view is called: as its own name, but for these. */
const viewNames: Partial<Record<View, string>> = { sigma: 'Deviation (σ)', raw: 'Values' };

export const viewLabel = (view: View) => viewNames[view] ?? view.charAt(0).toUpperCase() + view.slice(1);

/** The language of expr; none for types that have no expression. */
export function languageOf(type: QueryType): 'promql' | 'logql' | undefined {
  switch (type) {
    case 'deviation':
      return 'promql';
    case 'clusters':
    case 'crashes':
      return 'logql';
    default:
      return undefined;
  }
}

/** Whether a query says enough to be run. */
export function isAsked(query: AndonQuery): boolean {
  switch (query.queryType ?? defaultQuery.queryType) {
    case 'rollouts':
      return true;
    case 'values':
      return Boolean(query.values);
    case 'verdict':
      return Boolean(query.rollout || query.service || query.signals?.some((s) => s.metric?.trim()));
    default:
      // A rollout's signals have their expressions in the exporter's configuration.
      return Boolean(query.expr?.trim() || query.rollout);
  }
}

/** What changes when another type is picked: what the types share stays. */
export function changeType(query: AndonQuery, queryType: QueryType): Partial<AndonQuery> {
  const sameLanguage = languageOf(queryType) === languageOf(query.queryType);
  return {
    queryType,
    view: views[queryType][0],
    legend: queryType === 'deviation' ? defaultQuery.legend : undefined,
    ...(!sameLanguage && { expr: '', per: undefined, unit: undefined, kind: undefined, name: undefined }),
  };
}

/** A query in one line of text. */
export function describeQuery(query: AndonQuery): string {
  const { queryType, expr, service, rollout, signals, values, match } = { ...defaultQuery, ...query };
  switch (queryType) {
    case 'verdict':
      return `verdict on ${rollout || service || (signals ?? []).map((s) => s.name).join(', ')}`;
    case 'rollouts':
      return `rollouts ${describeSelector({ ...(service && { service }), ...match })}`;
    case 'values':
      return `${values}${service ? ` of ${service}` : ''}`;
    case 'clusters':
      return `log clusters of ${expr}: ${describeCohorts(query)}`;
    case 'crashes':
      return `crashes in ${expr}: ${describeCohorts(query)}`;
    default:
      return `${expr}: ${describeCohorts(query)}`;
  }
}

/** What is compared with what, in a few words. */
export function describeCohorts(query: Partial<AndonQuery>): string {
  const { cohorts, candidate, control, back, since } = { ...defaultQuery, ...query };
  if (cohorts === 'labels') {
    return `${describeSelector(candidate)} against ${describeSelector(control)}`;
  }
  return back ? `now against ${back} earlier` : `after ${since || 'the change'} against before`;
}
