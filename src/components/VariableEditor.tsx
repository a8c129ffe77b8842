import { type QueryEditorProps } from '@grafana/data';
import { EditorField, EditorRow, EditorRows } from '@grafana/plugin-ui';
import { Combobox, Input } from '@grafana/ui';
import { type AndonDataSource } from '../datasource';
import { type AndonOptions, type AndonQuery, type Listed } from '../types';
import { commitOn, useEditing } from '../useEditing';
import { useSuggestions } from '../useSuggestions';
import { CohortFields } from './CohortFields';
import { ExprField } from './ExprField';

type Props = QueryEditorProps<AndonDataSource, AndonQuery, AndonOptions, AndonQuery>;

const lists: Array<{ value: Listed; label: string; description: string }> = [
  { value: 'services', label: 'Services', description: 'Names of services' },
  {
    value: 'rollouts',
    label: 'Rollouts',
    description: 'Ids of rollouts that the exporter has seen, newest first',
  },
  { value: 'signals', label: 'Signals', description: 'Names of a service’s signals' },
  { value: 'versions', label: 'Versions', description: 'Versions of a service that are or were running' },
  { value: 'nodes', label: 'Nodes', description: 'Instances that a PromQL query returns' },
  { value: 'clusters', label: 'Log clusters', description: 'Ids of log clusters' },
];

/** What a dashboard variable lists. */
export function VariableEditor({ datasource, query, onChange, onRunQuery, range }: Props) {
  const editing = useEditing({
    datasource,
    query: { ...query, queryType: 'values', values: query.values ?? 'services' },
    onChange,
    onRunQuery: onRunQuery ?? (() => {}),
  });
  const { query: filled, set, edit, settle, run } = editing;
  const id = `andon-variable-${filled.refId}`;
  const services = useSuggestions(() => datasource.values({ values: 'services' }, range), datasource.uid);
  const ofService =
    filled.values === 'rollouts' || filled.values === 'signals' || filled.values === 'versions';
  const ofQuery = filled.values === 'nodes' || filled.values === 'clusters';
  const language = filled.values === 'clusters' ? 'logql' : 'promql';
  return (
    <EditorRows>
      <EditorRow>
        <EditorField label="List">
          <Combobox<Listed>
            id={`${id}-values`}
            width={24}
            options={lists}
            value={filled.values}
            onChange={({ value }) => set({ values: value })}
          />
        </EditorField>
        {ofService && (
          <EditorField label="Of service" optional tooltip="A name or a variable; all services if empty">
            <Combobox
              id={`${id}-service`}
              width={28}
              isClearable
              createCustomValue
              placeholder="All, or $service"
              options={services}
              value={filled.service ?? null}
              onChange={(option) => set({ service: option?.value || undefined })}
            />
          </EditorField>
        )}
        {ofQuery && (
          <EditorField label="Node label">
            <Input
              id={`${id}-node`}
              width={20}
              value={filled.nodeLabel ?? ''}
              placeholder="pod"
              onChange={(e) => edit({ nodeLabel: e.currentTarget.value })}
              {...commitOn(editing)}
            />
          </EditorField>
        )}
      </EditorRow>
      {ofQuery && (
        <EditorRow>
          <ExprField
            key={language}
            datasource={datasource}
            language={language}
            label="Query"
            testId="andon-variable-expr"
            value={filled.expr}
            placeholder={language === 'logql' ? '{service_name="checkout"}' : 'up{job="checkout"}'}
            hint="Enter lists its values."
            onChange={(expr) => edit({ expr })}
            onBlur={settle}
            onRun={run}
          />
        </EditorRow>
      )}
      {filled.values === 'clusters' && (
        <CohortFields editing={editing} id={id} datasource={datasource} range={range} />
      )}
    </EditorRows>
  );
}
