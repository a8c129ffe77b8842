import { EditorField } from '@grafana/plugin-ui';
import { Combobox, IconButton, Input } from '@grafana/ui';
import { type Direction, type Signal } from '../types';
import { commitOn, type Part } from '../useEditing';
import { ExprField } from './ExprField';
import { directions } from './JudgeFields';

interface Props extends Part {
  signal: Signal;
  i: number;
  onChange(signal: Signal): void;
  onRemove(): void;
}

/** The fields of one signal of a verdict. */
export function SignalRow({ datasource, editing, id, signal, i, onChange, onRemove }: Props) {
  const { settle, run } = editing;
  const n = i + 1;
  const write = (change: Partial<Signal>) => onChange({ ...signal, ...change });
  return (
    <>
      <EditorField label="Signal">
        <Input
          id={`${id}-signal-${i}-name`}
          width={18}
          value={signal.name}
          onChange={(e) => write({ name: e.currentTarget.value })}
          {...commitOn(editing)}
        />
      </EditorField>
      <div style={{ flex: '1 1 320px', minWidth: 0 }}>
        <ExprField
          datasource={datasource}
          language="promql"
          label={`Signal ${n}`}
          testId={`andon-signal-${i}`}
          value={signal.metric ?? ''}
          placeholder="sum by (pod, version) (rate(errors_total[$__rate_interval]))"
          hint="PromQL that keeps the node label"
          lines={2}
          onChange={(metric) => write({ metric })}
          onBlur={settle}
          onRun={run}
        />
      </div>
      <div style={{ flex: '1 1 320px', minWidth: 0 }}>
        <ExprField
          datasource={datasource}
          language="promql"
          label={`Signal ${n} out of`}
          testId={`andon-signal-${i}-per`}
          value={signal.per ?? ''}
          placeholder="out of (optional), such as all requests"
          hint="For counts: the total number of events"
          lines={2}
          onChange={(per) => write({ per: per || undefined })}
          onBlur={settle}
          onRun={run}
        />
      </div>
      <EditorField label="Worse is">
        <Combobox<Direction>
          id={`${id}-signal-${i}-worse`}
          width={14}
          options={directions}
          value={signal.worse ?? 'higher'}
          onChange={({ value }) => {
            write({ worse: value });
            settle();
          }}
        />
      </EditorField>
      <EditorField label="Unit" optional>
        <Input
          id={`${id}-signal-${i}-unit`}
          width={10}
          value={signal.unit ?? ''}
          placeholder="s"
          onChange={(e) => write({ unit: e.currentTarget.value || undefined })}
          {...commitOn(editing)}
        />
      </EditorField>
      <IconButton name="trash-alt" tooltip={`Remove signal ${n}`} onClick={onRemove} />
    </>
  );
}
