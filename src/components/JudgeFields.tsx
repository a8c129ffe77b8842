import { EditorField, EditorRow } from '@grafana/plugin-ui';
import { RadioButtonGroup } from '@grafana/ui';
import { type Direction, type Sensitivity } from '../types';
import { type Part } from '../useEditing';

const directions: Array<{ value: Direction; label: string; description: string }> = [
  { value: 'higher', label: 'Higher', description: 'As errors, latency, CPU' },
  { value: 'lower', label: 'Lower', description: 'As successes, throughput' },
  { value: 'both', label: 'Both', description: 'Any change is a change for the worse' },
];

const sensitivities: Array<{ value: Sensitivity; label: string; description: string }> = [
  { value: 'low', label: 'Low', description: '1 false alarm in 10,000 clean rollouts; effects from 2 σ' },
  {
    value: 'medium',
    label: 'Medium',
    description: '1 false alarm in 1,000 clean rollouts; effects from 1 σ',
  },
  { value: 'high', label: 'High', description: '1 false alarm in 100 clean rollouts; effects from 0.5 σ' },
];

/** What counts as worse, and how much of it. */
export function JudgeFields({ editing: { query, set }, id }: Part) {
  return (
    <EditorRow>
      <EditorField label="Worse is">
        <RadioButtonGroup
          id={`${id}-worse`}
          aria-label="Worse is"
          options={directions}
          value={query.worse}
          onChange={(worse) => set({ worse })}
        />
      </EditorField>
      <EditorField label="Sensitivity">
        <RadioButtonGroup
          id={`${id}-sensitivity`}
          aria-label="Sensitivity"
          options={sensitivities}
          value={query.sensitivity}
          onChange={(sensitivity) => set({ sensitivity })}
        />
      </EditorField>
    </EditorRow>
  );
}
