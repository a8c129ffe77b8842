import { EditorRow, EditorRows } from '@grafana/plugin-ui';
import { type EditorProps, useEditing } from '../useEditing';
import { CohortFields } from './CohortFields';
import { JudgeFields } from './JudgeFields';
import { OptionFields } from './OptionFields';
import { PromqlField } from './PromqlField';

/** Asks how far each candidate node strays from control. */
export function QueryEditor(props: EditorProps) {
  const editing = useEditing(props);
  const { query, edit, settle, run } = editing;
  const id = `andon-${query.refId}`;
  return (
    <EditorRows>
      <EditorRow>
        <PromqlField
          datasource={props.datasource}
          label="Query"
          testId="andon-expr"
          value={query.expr}
          placeholder='sum by (pod, version) (rate(http_requests_total{code=~"5.."}[$__rate_interval]))'
          hint="PromQL that keeps the node label. Enter runs it, Shift+Enter begins a line."
          lines={2}
          onChange={(expr) => edit({ expr })}
          onBlur={settle}
          onRun={run}
        />
      </EditorRow>
      <CohortFields editing={editing} id={id} range={props.range} />
      <JudgeFields editing={editing} id={id} />
      <OptionFields datasource={props.datasource} editing={editing} id={id} />
    </EditorRows>
  );
}
