import { type Part } from '../useEditing';
import { CohortFields } from './CohortFields';
import { JudgeFields } from './JudgeFields';
import { OptionFields } from './OptionFields';
import { QuestionRow } from './QuestionRow';

/** The fields of a deviation query. */
export function DeviationFields(part: Part) {
  return (
    <>
      <QuestionRow
        {...part}
        language="promql"
        label="Query"
        placeholder='sum by (pod, version) (rate(http_requests_total{code=~"5.."}[$__rate_interval]))'
        hint="PromQL that keeps the node label. Enter runs it, Shift+Enter starts a new line."
        lines={2}
      />
      <CohortFields {...part} />
      <JudgeFields {...part} />
      <OptionFields {...part} />
    </>
  );
}
