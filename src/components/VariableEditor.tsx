import { type QueryEditorProps } from '@grafana/data';
import { EditorField, EditorRow, EditorRows } from '@grafana/plugin-ui';
import { Combobox, Input } from '@grafana/ui';
import { type AndonDataSource } from '../datasource';
import { toOptions } from '../options';
import { type AndonOptions, type AndonQuery, type ValueList } from '../types';
import { commitOn, useEditing } from '../useEditing';
import { useSuggestions } from '../useSuggestions';
import { CohortFields } from './CohortFields';
import { ExprField } from './ExprField';

type Props = QueryEditorProps<AndonDataSource, AndonQuery, AndonOptions, AndonQuery>;

const lists = toOptions<ValueList>({
  services: { label: 'Services', description: 'Names of the services of the exporter' },
  rollouts: { label: 'Rollouts', description: 'Ids of the rollouts of the exporter, the newest first' },
  signals: { label: 'Signals', description: 'Names of the signals of a service' },
  versions: { label: 'Versions', description: 'Versions that a service runs or ran' },
  nodes: { label: 'Nodes', description: 'Nodes in the answer to a PromQL query' },
  clusters: { label: 'Log clusters', description: 'Ids of log clusters' },
});

/** The editor of a dashboard variable. */
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
          <Combobox<ValueList>
            id={`${id}-values`}
            width={24}
            options={lists}
            value={filled.values}
            onChange={({ value }) => set({ values: value })}
          />
        </EditorField>
        {ofService && (
          <EditorField label="Service" optional tooltip="A name or a variable. Empty: all services.">
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
            hint="Press Enter to list the values."
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
