import { EditorRow } from '@grafana/plugin-ui';
import { type Part } from '../useEditing';
import { CohortFields } from './CohortFields';
import { ExprField } from './ExprField';
import { JudgeFields } from './JudgeFields';
import { OptionFields } from './OptionFields';
import { ServicePicker } from './ServicePicker';

/** How far each candidate node strays from control. */
export function DeviationFields(part: Part) {
  const { editing, datasource } = part;
  const { query, edit, settle, run } = editing;
  return (
    <>
      <EditorRow>
        {query.editor === 'builder' ? (
          <ServicePicker {...part} />
        ) : (
          <ExprField
            datasource={datasource}
            language="promql"
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
        )}
      </EditorRow>
      <CohortFields {...part} />
      <JudgeFields {...part} />
      <OptionFields {...part} />
    </>
  );
}
