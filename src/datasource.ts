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
import { isLive, subscribe } from './live';
import { describeQuery, isRunnable } from './queries';
import {
  type AndonOptions,
  type AndonQuery,
  type CohortNodes,
  defaultQuery,
  type FeedbackRequest,
  type QueryLanguage,
  type Rollout,
  type Service,
  type Validation,
} from './types';
import { AndonVariables } from './variables';

const replaceVariables: Replace = (text, scopedVars, format) =>
  getTemplateSrv().replace(text, scopedVars, format);

/** The front end of the data source. The back end does everything that alerting needs. */
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
    return !query.hide && isRunnable(query);
  }

  query(request: DataQueryRequest<AndonQuery>): Observable<DataQueryResponse> {
    const live = request.targets.filter((q) => isLive(q, request));
    const targets = request.targets.filter((q) => !live.includes(q));
    const answers = live.map((q) =>
      subscribe(this.uid, this.applyTemplateVariables(q, request.scopedVars, request.filters), request)
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
   * Asks the back end whether an expression is valid. Variables are replaced first, so positions in the answer refer
   * to the text that was asked, not to expr.
   */
  async validate(expr: string, language: QueryLanguage): Promise<Validation> {
    const { expr: asked } = this.applyTemplateVariables({ ...defaultQuery, refId: '', expr }, {});
    const answer = await this.ask<Omit<Validation, 'asked'>>('validate', { expr: asked, language });
    return { ...answer, asked };
  }

  /** The nodes of candidate and control in a time range. */
  cohorts(query: AndonQuery, range?: TimeRange): Promise<{ candidate: CohortNodes; control: CohortNodes }> {
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

  /** The services of the exporter's configuration. */
  services(): Promise<Service[]> {
    return this.getResource<Service[]>('services', undefined, quiet);
  }

  /** The services found in Prometheus and Loki, those that look like a rollout first. */
  discover(range?: TimeRange): Promise<Service[]> {
    return this.ask('discover', this.about(undefined, range));
  }

  rollouts(service?: string): Promise<Rollout[]> {
    return this.getResource<Rollout[]>('rollouts', service ? { service } : undefined, quiet);
  }

  /** Sends feedback on a log cluster or a signature to the exporter, which keeps it. */
  feedback(request: FeedbackRequest): Promise<unknown> {
    return this.ask('feedback', request);
  }

  /** Takes back the last feedback. */
  undoFeedback(request: FeedbackRequest): Promise<unknown> {
    return this.ask('feedback/undo', request);
  }

  private ask<T>(path: string, body: object): Promise<T> {
    return this.postResource<T>(path, body, quiet);
  }

  /** A query with variables replaced and a time range, in the form that resources take. */
  private about(query?: AndonQuery, range?: TimeRange) {
    return {
      ...(query && { query: this.applyTemplateVariables(query, {}) }),
      ...(range && { range: { from: range.from.valueOf(), to: range.to.valueOf() } }),
    };
  }
}

// An editor asks while one types: an error must not pop up on the page.
const quiet = { showErrorAlert: false };
