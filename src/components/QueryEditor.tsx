import { EditorRows } from '@grafana/plugin-ui';
import { languageOfType } from '../types';
import { type EditorProps, useEditing } from '../useEditing';
import { ClusterFields } from './ClusterFields';
import { DeviationFields } from './DeviationFields';
import { FeedbackSection } from './FeedbackSection';
import { Progress } from './Progress';
import { QueryHeader } from './QueryHeader';
import { RolloutFields } from './RolloutFields';
import { VerdictFields } from './VerdictFields';

const fields = {
  deviation: DeviationFields,
  clusters: ClusterFields,
  crashes: ClusterFields,
  verdict: VerdictFields,
  rollouts: RolloutFields,
  values: () => null,
};

/** The query editor, for all query types. */
export function QueryEditor(props: EditorProps) {
  const editing = useEditing(props);
  const { query } = editing;
  const Fields = fields[query.queryType];
  const id = `andon-${query.refId}`;
  const parts = { editing, id, datasource: props.datasource, range: props.range };
  return (
    <EditorRows>
      <QueryHeader editing={editing} id={id} />
      <Progress frames={props.data?.series} />
      <Fields {...parts} />
      {languageOfType[query.queryType] === 'logql' && (
        <FeedbackSection {...parts} frames={props.data?.series ?? []} />
      )}
    </EditorRows>
  );
}
