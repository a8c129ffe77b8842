import { EditorField, EditorRow } from '@grafana/plugin-ui';
import { Button, Combobox, Input, RadioButtonGroup } from '@grafana/ui';
import { type Rollout, type Strategy } from '../types';
import { commitOn, type Part } from '../useEditing';
import { useAnswer } from '../useAnswer';
import { CohortFields } from './CohortFields';
import { JudgeFields } from './JudgeFields';
import { ServicePicker } from './ServicePicker';
import { SignalRow } from './SignalRow';

type Judged = 'rollout' | 'service';

const judgments: Array<{ value: Judged; label: string; description: string }> = [
  { value: 'service', label: 'A service', description: 'Over the time range' },
  { value: 'rollout', label: 'A rollout', description: 'One that the exporter has seen' },
];

const strategies: Array<{ value: Strategy; label: string; description?: string }> = [
  { value: 'auto', label: 'Automatic', description: 'Taken from what runs when' },
  { value: 'canary', label: 'Canary' },
  { value: 'rolling', label: 'Rolling' },
  { value: 'blue-green', label: 'Blue-green' },
  { value: 'before-after', label: 'Before and after' },
  { value: 'load-test', label: 'Load test' },
  { value: 'threshold', label: 'Thresholds' },
];

/** Whether a rollout made its service worse: one that the exporter knows, or signals over the time range. */
export function VerdictFields(part: Part) {
  const { query, set } = part.editing;
  const judged: Judged = query.rollout != null ? 'rollout' : 'service';
  return (
    <>
      <EditorRow>
        <EditorField label="Judge">
          <RadioButtonGroup
            id={`${part.id}-judge`}
            aria-label="Judge"
            options={judgments}
            value={judged}
            onChange={(value) =>
              set(value === 'rollout' ? { rollout: '', signals: undefined } : { rollout: undefined })
            }
          />
        </EditorField>
        {judged === 'rollout' ? <RolloutPicker {...part} /> : <ServicePicker {...part} />}
        {judged === 'service' && <StrategyFields {...part} />}
      </EditorRow>
      {judged === 'service' && <Signals {...part} />}
    </>
  );
}

function RolloutPicker({ datasource, editing: { query, set }, id }: Part) {
  const { value = [], loading, error } = useAnswer(() => datasource.rollouts(), datasource.uid);
  return (
    <EditorField
      label="Rollout"
      invalid={Boolean(error)}
      error={error && `rollouts cannot be listed: ${error}`}
    >
      <Combobox
        id={`${id}-rollout`}
        width={48}
        loading={loading}
        createCustomValue
        placeholder="Pick a rollout, or write a variable"
        options={value.map((r) => ({ value: r.id, description: describeRollout(r) }))}
        value={query.rollout || null}
        onChange={({ value: rollout }) => set({ rollout })}
      />
    </EditorField>
  );
}

function describeRollout({ service, version, verdict, started }: Rollout): string {
  return [`${service} ${version ?? ''}`.trim(), verdict, started].filter(Boolean).join(' · ');
}

function StrategyFields({ editing: { query, set, edit }, editing, id }: Part) {
  return (
    <>
      <EditorField label="Strategy" tooltip="How it goes out, and thereby what it is compared with">
        <Combobox<Strategy>
          id={`${id}-strategy`}
          width={22}
          options={strategies}
          value={query.strategy ?? 'auto'}
          onChange={({ value }) => set({ strategy: value === 'auto' ? undefined : value })}
        />
      </EditorField>
      <EditorField
        label="Until"
        optional
        tooltip="When the rollout was over; the end of the time range if empty"
      >
        <Input
          id={`${id}-until`}
          width={24}
          value={query.until ?? ''}
          placeholder="2026-01-02T15:04:05Z"
          onChange={(e) => edit({ until: e.currentTarget.value || undefined })}
          {...commitOn(editing)}
        />
      </EditorField>
    </>
  );
}

/** What is judged where the exporter is not asked: signals, cohorts and sensitivity. */
function Signals(part: Part) {
  const { query, set, edit, settle } = part.editing;
  const { signals } = query;
  if (!signals) {
    return (
      <EditorRow>
        <Button
          variant="secondary"
          size="sm"
          icon="plus"
          onClick={() => set({ service: undefined, signals: [{ name: 'errors', metric: '' }] })}
        >
          Judge signals of your own
        </Button>
      </EditorRow>
    );
  }
  return (
    <>
      {signals.map((signal, i) => (
        <EditorRow key={i}>
          <SignalRow
            {...part}
            signal={signal}
            i={i}
            onChange={(next) => edit({ signals: signals.map((s, j) => (j === i ? next : s)) })}
            onRemove={() => {
              const rest = signals.filter((_, j) => j !== i);
              edit({ signals: rest.length > 0 ? rest : undefined });
              settle();
            }}
          />
        </EditorRow>
      ))}
      <EditorRow>
        <Button
          variant="secondary"
          fill="text"
          size="sm"
          icon="plus"
          onClick={() =>
            edit({ signals: [...signals, { name: `signal ${signals.length + 1}`, metric: '' }] })
          }
        >
          Add signal
        </Button>
      </EditorRow>
      <CohortFields {...part} />
      <JudgeFields {...part} />
    </>
  );
}
