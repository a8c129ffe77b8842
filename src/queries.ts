import { toOptions } from './options';
import { describeSelector } from './selector';
import { type AndonQuery, defaultQuery, languageOfType, type QueryType, type View, views } from './types';

/** Query types, in the order of the editor. Only dashboard variables use the type values. */
export const queryTypes = toOptions<Exclude<QueryType, 'values'>>({
  deviation: { label: 'Deviation', description: 'How far each new node is from the old ones' },
  clusters: { label: 'Log clusters', description: 'Which log lines are new or more frequent' },
  crashes: { label: 'Crashes', description: 'What crashes, by version' },
  verdict: { label: 'Verdict', description: 'Whether a rollout made its service worse' },
  rollouts: { label: 'Rollouts', description: 'The rollouts that the exporter knows' },
});

/** Labels of views; the label of any other view is its name. */
const viewLabels: Partial<Record<View, string>> = { sigma: 'Deviation (σ)', raw: 'Values' };

export const viewLabel = (view: View) => viewLabels[view] ?? view.charAt(0).toUpperCase() + view.slice(1);

/** Whether a query has enough filled in to be run. */
export function isRunnable(query: AndonQuery): boolean {
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

/** The change when another type is picked. Fields that both types use stay. */
export function changeType(query: AndonQuery, queryType: QueryType): Partial<AndonQuery> {
  const sameLanguage = languageOfType[queryType] === languageOfType[query.queryType];
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

/** What a query compares, in a few words. */
export function describeCohorts(query: Partial<AndonQuery>): string {
  const { cohorts, candidate, control, back, since } = { ...defaultQuery, ...query };
  if (cohorts === 'labels') {
    return `${describeSelector(candidate)} against ${describeSelector(control)}`;
  }
  return back ? `now against ${back} earlier` : `after ${since || 'the change'} against before`;
}
