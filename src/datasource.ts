import { type AdHocVariableFilter, type DataSourceInstanceSettings, type ScopedVars } from '@grafana/data';
import { DataSourceWithBackend, getTemplateSrv } from '@grafana/runtime';
import { interpolateQuery, type Replace } from './interpolate';
import { describeSelector } from './selector';
import { type AndonOptions, type AndonQuery, defaultQuery, type Validation } from './types';

const replaceVariables: Replace = (text, scopedVars, format) =>
  getTemplateSrv().replace(text, scopedVars, format);

/** The browser's side of the data source: everything that alerting needs is done by the back end. */
export class AndonDataSource extends DataSourceWithBackend<AndonQuery, AndonOptions> {
  constructor(settings: DataSourceInstanceSettings<AndonOptions>) {
    super(settings);
  }

  getDefaultQuery(): Partial<AndonQuery> {
    return defaultQuery;
  }

  filterQuery(query: AndonQuery): boolean {
    return !query.hide && Boolean(query.expr?.trim());
  }

  applyTemplateVariables(query: AndonQuery, scopedVars: ScopedVars): AndonQuery {
    return interpolateQuery(query, scopedVars, replaceVariables);
  }

  interpolateVariablesInQueries(
    queries: AndonQuery[],
    scopedVars: ScopedVars,
    _filters?: AdHocVariableFilter[]
  ): AndonQuery[] {
    return queries.map((q) => ({ ...this.applyTemplateVariables(q, scopedVars), datasource: this.getRef() }));
  }

  getQueryDisplayText(query: AndonQuery): string {
    const { expr, cohorts, candidate, control, back, since } = { ...defaultQuery, ...query };
    if (cohorts === 'labels') {
      return `${expr}: ${describeSelector(candidate)} against ${describeSelector(control)}`;
    }
    return back
      ? `${expr}: now against ${back} earlier`
      : `${expr}: after ${since || 'the change'} against before`;
  }

  /**
   * Asks the back end whether an expression can be run. Variables get their current values first, so that what is
   * asked, and what offsets in the answer refer to, may differ from the expression.
   */
  async validate(expr: string): Promise<Validation> {
    const { expr: asked } = this.applyTemplateVariables({ ...defaultQuery, refId: '', expr }, {});
    const answer = await this.postResource<Omit<Validation, 'asked'>>(
      'validate',
      { expr: asked },
      { showErrorAlert: false }
    );
    return { ...answer, asked };
  }
}
