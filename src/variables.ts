import { CustomVariableSupport, type DataQueryRequest, type DataQueryResponse } from '@grafana/data';
import { from, map, type Observable } from 'rxjs';
import { VariableEditor } from './components/VariableEditor';
import { type AndonDataSource } from './datasource';
import { type AndonQuery, defaultQuery } from './types';

/** Dashboard variables that list services, rollouts, signals, versions, nodes or log clusters. */
export class AndonVariables extends CustomVariableSupport<AndonDataSource, AndonQuery, AndonQuery> {
  editor = VariableEditor;

  constructor(private readonly datasource: AndonDataSource) {
    super();
  }

  getDefaultQuery(): Partial<AndonQuery> {
    return { v: defaultQuery.v, queryType: 'values', values: 'services', expr: '' };
  }

  query({ targets, range, scopedVars }: DataQueryRequest<AndonQuery>): Observable<DataQueryResponse> {
    const [query] = targets.map((q) => this.datasource.applyTemplateVariables(q, scopedVars));
    return from(this.datasource.values(query, range)).pipe(
      map((values) => ({ data: values.map((text) => ({ text, value: text })) }))
    );
  }
}
