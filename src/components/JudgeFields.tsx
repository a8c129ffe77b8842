import { EditorField, EditorRow } from '@grafana/plugin-ui';
import { RadioButtonGroup } from '@grafana/ui';
import { toOptions } from '../options';
import { type Direction, type Sensitivity } from '../types';
import { type Part } from '../useEditing';

export const directions = toOptions<Direction>({
  higher: { label: 'Higher', description: 'Such as errors, latency, CPU' },
  lower: { label: 'Lower', description: 'Such as successes, throughput' },
  both: { label: 'Both', description: 'Any change is bad' },
});

const sensitivities = toOptions<Sensitivity>({
  low: { label: 'Low', description: '1 false halt in 10,000 good rollouts; effects from 2 σ count' },
  medium: { label: 'Medium', description: '1 false halt in 1,000 good rollouts; effects from 1 σ count' },
  high: { label: 'High', description: '1 false halt in 100 good rollouts; effects from 0.5 σ count' },
});

/** Which direction is worse, and how sensitive the judgment is. */
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
