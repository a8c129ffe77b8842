import { EditorField, EditorRow } from '@grafana/plugin-ui';
import { Combobox, Input } from '@grafana/ui';
import { defaultLimits } from '../types';
import { commitOn, type Part } from '../useEditing';
import { useSuggestions } from '../useSuggestions';
import { SelectorEditor } from './SelectorEditor';

/** The fields of a query for rollouts. */
export function RolloutFields({ datasource, editing, id }: Part) {
  const { query, edit, set } = editing;
  const services = useSuggestions(
    async () => (await datasource.services()).map((s) => s.name),
    datasource.uid
  );
  return (
    <EditorRow>
      <EditorField label="Service" optional tooltip="Show only rollouts of this service.">
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
        tooltip="Show only rollouts with this layer, version, verdict, strategy, tool, or label of the scope such as region."
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
      <EditorField label="Limit" optional tooltip="Maximum number of rollouts, the newest first.">
        <Input
          id={`${id}-limit`}
          type="number"
          min={1}
          width={10}
          value={query.limit ?? ''}
          placeholder={`${defaultLimits.rollouts}`}
          onChange={(e) => edit({ limit: Number(e.currentTarget.value) || undefined })}
          {...commitOn(editing)}
        />
      </EditorField>
    </EditorRow>
  );
}
