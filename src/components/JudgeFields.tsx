import { EditorField, EditorRow } from '@grafana/plugin-ui';
import { RadioButtonGroup } from '@grafana/ui';
import { type Direction, type Sensitivity, type View } from '../types';
import { type Editing } from '../useEditing';

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

const views: Array<{ value: View; label: string; description: string }> = [
  { value: 'sigma', label: 'Deviation (σ)', description: 'Standard deviations of control; above 0 is worse' },
  { value: 'raw', label: 'As it is', description: 'The values of candidate and control, in their unit' },
];

/** What counts as worse, and what is shown. */
export function JudgeFields({ editing: { query, set }, id }: { editing: Editing; id: string }) {
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
      <EditorField label="Show">
        <RadioButtonGroup
          id={`${id}-view`}
          aria-label="Show"
          options={views}
          value={query.view}
          onChange={(view) => set({ view })}
        />
      </EditorField>
    </EditorRow>
  );
}
