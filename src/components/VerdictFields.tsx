import { EditorField, EditorRow } from '@grafana/plugin-ui';
import { Button, Combobox, Input, RadioButtonGroup } from '@grafana/ui';
import { toOptions } from '../options';
import { type Rollout, type Strategy } from '../types';
import { commitOn, type Part } from '../useEditing';
import { useAnswer } from '../useAnswer';
import { CohortFields } from './CohortFields';
import { JudgeFields } from './JudgeFields';
import { ServicePicker } from './ServicePicker';
import { SignalRow } from './SignalRow';

type Judged = 'rollout' | 'service';

const judgments = toOptions<Judged>({
  service: { label: 'A service', description: 'Its rollout in the time range, or your own signals' },
  rollout: { label: 'A rollout', description: 'One that the exporter knows' },
});

const strategies = toOptions<Strategy>({
  auto: { label: 'Automatic', description: 'The best comparison that the nodes allow' },
  canary: { label: 'Canary', description: 'Some nodes on the new version, the rest on the old one' },
  rolling: { label: 'Rolling', description: 'Node by node, against nodes not yet updated' },
  'blue-green': { label: 'Blue-green', description: 'A second set of nodes on the new version' },
  'region-control': { label: 'Region by region', description: 'Against regions not yet updated' },
  'before-after': { label: 'Before and after', description: 'The same nodes before and after' },
  'load-test': { label: 'Load test', description: 'Against the last run that passed' },
  threshold: { label: 'Thresholds', description: 'Thresholds only, no comparison' },
});

/** The fields of a verdict: a rollout that the exporter knows, or a service's signals over the time range. */
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
      error={error && `rollouts could not be listed: ${error}`}
    >
      <Combobox
        id={`${id}-rollout`}
        width={48}
        loading={loading}
        createCustomValue
        placeholder="Pick a rollout or enter a variable"
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
      <EditorField label="Strategy" tooltip="How the change goes out, which decides what is compared">
        <Combobox<Strategy>
          id={`${id}-strategy`}
          width={22}
          options={strategies}
          value={query.strategy ?? 'auto'}
          onChange={({ value }) => set({ strategy: value === 'auto' ? undefined : value })}
        />
      </EditorField>
      <EditorField label="Until" optional tooltip="When the rollout ended. Empty: the end of the time range.">
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

/** The signals, cohorts and sensitivity of a verdict without the exporter. */
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
          Judge your own signals
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
