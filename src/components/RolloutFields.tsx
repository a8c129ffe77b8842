import { EditorField, EditorRow } from '@grafana/plugin-ui';
import { Combobox, Input } from '@grafana/ui';
import { commitOn, type Part } from '../useEditing';
import { useSuggestions } from '../useSuggestions';
import { SelectorEditor } from './SelectorEditor';

/** Which of the exporter's rollouts are shown. */
export function RolloutFields({ datasource, editing, id }: Part) {
  const { query, edit, set } = editing;
  const services = useSuggestions(
    async () => (await datasource.services()).map((s) => s.name),
    datasource.uid
  );
  return (
    <EditorRow>
      <EditorField label="Service" optional tooltip="Only rollouts of this service">
        <Combobox
          id={`${id}-service`}
          width={28}
          placeholder="All"
          isClearable
          createCustomValue
          options={services}
          value={query.service ?? null}
          onChange={(option) => set({ service: option?.value || undefined })}
        />
      </EditorField>
      <EditorField
        label="Match"
        optional
        tooltip="layer, version, verdict, strategy, tool, or a label of the scope such as region"
      >
        <SelectorEditor
          name="Match"
          selector={query.match}
          placeholders={['verdict', 'fail']}
          editing={editing}
          datasource={datasource}
          toChange={(match) => ({ match })}
        />
      </EditorField>
      <EditorField label="Limit" optional tooltip="Rollouts at most, newest first">
        <Input
          id={`${id}-limit`}
          type="number"
          min={1}
          width={10}
          value={query.limit ?? ''}
          placeholder="200"
          onChange={(e) => edit({ limit: Number(e.currentTarget.value) || undefined })}
          {...commitOn(editing)}
        />
      </EditorField>
    </EditorRow>
  );
}
