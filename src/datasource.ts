import {
  type AdHocVariableFilter,
  type AnnotationSupport,
  type DataQueryRequest,
  type DataQueryResponse,
  type DataSourceGetTagKeysOptions,
  type DataSourceGetTagValuesOptions,
  type DataSourceInstanceSettings,
  type MetricFindValue,
  type ScopedVars,
  type TimeRange,
} from '@grafana/data';
import { DataSourceWithBackend, getTemplateSrv } from '@grafana/runtime';
import { merge, type Observable } from 'rxjs';
import { interpolateQuery, type Replace } from './interpolate';
import { follow, isFollowed } from './live';
import { describeQuery, isAsked } from './queries';
import {
  type AndonOptions,
  type AndonQuery,
  type Cohort,
  defaultQuery,
  type Risk,
  type Rollout,
  type Service,
  type Validation,
} from './types';
import { AndonVariables } from './variables';

const replaceVariables: Replace = (text, scopedVars, format) =>
  getTemplateSrv().replace(text, scopedVars, format);

export type Language = 'promql' | 'logql';

/** The browser's side of the data source: everything that alerting needs is done by the back end. */
export class AndonDataSource extends DataSourceWithBackend<AndonQuery, AndonOptions> {
  annotations: AnnotationSupport<AndonQuery> = {
    getDefaultQuery: () => ({ ...defaultQuery, queryType: 'rollouts', view: 'annotations' }),
  };

  constructor(settings: DataSourceInstanceSettings<AndonOptions>) {
    super(settings);
    this.variables = new AndonVariables(this);
  }

  getDefaultQuery(): Partial<AndonQuery> {
    return { ...defaultQuery, editor: 'builder' };
  }

  filterQuery(query: AndonQuery): boolean {
    return !query.hide && isAsked(query);
  }

  query(request: DataQueryRequest<AndonQuery>): Observable<DataQueryResponse> {
    const followed = request.targets.filter((q) => isFollowed(q, request));
    const targets = request.targets.filter((q) => !followed.includes(q));
    const answers = followed.map((q) =>
      follow(this.uid, this.applyTemplateVariables(q, request.scopedVars, request.filters), request)
    );
    if (targets.length > 0) {
      answers.push(super.query({ ...request, targets }));
    }
    return merge(...answers);
  }

  applyTemplateVariables(
    query: AndonQuery,
    scopedVars: ScopedVars,
    filters?: AdHocVariableFilter[]
  ): AndonQuery {
    return interpolateQuery(query, scopedVars, replaceVariables, filters);
  }

  interpolateVariablesInQueries(
    queries: AndonQuery[],
    scopedVars: ScopedVars,
    filters?: AdHocVariableFilter[]
  ): AndonQuery[] {
    return queries.map((q) => ({
      ...this.applyTemplateVariables(q, scopedVars, filters),
      datasource: this.getRef(),
    }));
  }

  getQueryDisplayText(query: AndonQuery): string {
    return describeQuery(query);
  }

  async getTagKeys({
    filters,
    queries,
    timeRange,
  }: DataSourceGetTagKeysOptions<AndonQuery>): Promise<MetricFindValue[]> {
    return this.ask('tag-keys', { ...this.about(queries?.[0], timeRange), filters });
  }

  async getTagValues({
    key,
    filters,
    queries,
    timeRange,
  }: DataSourceGetTagValuesOptions<AndonQuery>): Promise<MetricFindValue[]> {
    return this.ask('tag-values', { ...this.about(queries?.[0], timeRange), key, filters });
  }

  /**
   * Asks the back end whether an expression can be run. Variables get their current values first, so that what is
   * asked, and what offsets in the answer refer to, may differ from the expression.
   */
  async validate(expr: string, language: Language): Promise<Validation> {
    const { expr: asked } = this.applyTemplateVariables({ ...defaultQuery, refId: '', expr }, {});
    const answer = await this.ask<Omit<Validation, 'asked'>>('validate', { expr: asked, language });
    return { ...answer, asked };
  }

  /** The nodes of candidate and of control, as they resolve in a time range. */
  cohorts(query: AndonQuery, range?: TimeRange): Promise<{ candidate: Cohort; control: Cohort }> {
    return this.ask('cohorts', this.about(query, range));
  }

  /** What a query of type values lists. */
  async values(query: Partial<AndonQuery>, range?: TimeRange): Promise<string[]> {
    const { values } = await this.ask<{ values: string[] | null }>(
      'values',
      this.about({ ...defaultQuery, refId: '', ...query, queryType: 'values' }, range)
    );
    return values ?? [];
  }

  /** Services that are configured at the exporter. */
  services(): Promise<Service[]> {
    return this.getResource<Service[]>('services', undefined, quiet);
  }

  /** Services that Prometheus and Loki hold something of, those that look like a rollout first. */
  discover(range?: TimeRange): Promise<Service[]> {
    return this.ask('discover', this.about(undefined, range));
  }

  rollouts(service?: string): Promise<Rollout[]> {
    return this.getResource<Rollout[]>('rollouts', service ? { service } : undefined, quiet);
  }

  /** Tells the exporter, for good, what a log cluster is worth to the service. */
  feedback(said: { service: string; cluster: string; template: string; risk: Risk }): Promise<unknown> {
    return this.ask('feedback', said);
  }

  undoFeedback(said: { service: string; cluster: string }): Promise<unknown> {
    return this.ask('feedback/undo', said);
  }

  private ask<T>(path: string, body: object): Promise<T> {
    return this.postResource<T>(path, body, quiet);
  }

  /** A query, variables replaced, and a range in the form that resources take. */
  private about(query?: AndonQuery, range?: TimeRange) {
    return {
      ...(query && { query: this.applyTemplateVariables(query, {}) }),
      ...(range && { range: { from: range.from.valueOf(), to: range.to.valueOf() } }),
    };
  }
}

// What an editor asks while one types is no reason for an alert across the page.
const quiet = { showErrorAlert: false };
