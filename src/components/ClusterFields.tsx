import { EditorField, QueryOptionGroup } from '@grafana/plugin-ui';
import { Input, MultiCombobox, RadioButtonGroup, Stack } from '@grafana/ui';
import { type ClusterClass } from '../types';
import { commitOn, type Part } from '../useEditing';
import { CohortFields } from './CohortFields';
import { QuestionRow } from './QuestionRow';

const classes: Array<{ value: ClusterClass; label: string; description: string }> = [
  { value: 'unknown', label: 'Unknown', description: 'Control never logged it' },
  {
    value: 'unexpected_frequency',
    label: 'Unexpected frequency',
    description: 'Logged more often than by control',
  },
  { value: 'gone', label: 'Gone', description: 'Control logs it, candidate does not' },
  { value: 'known', label: 'Known', description: 'Logged as by control' },
];

/** Log clusters or crashes of the candidate, against control. */
export function ClusterFields(part: Part) {
  return (
    <>
      <QuestionRow
        {...part}
        language="logql"
        label="Log query"
        placeholder='{service_name="checkout"} |= "error"'
        hint="LogQL that selects log lines. Enter runs it, Shift+Enter begins a line."
      />
      <CohortFields {...part} />
      <ClusterOptions {...part} />
    </>
  );
}

function ClusterOptions({ editing, id }: Part) {
  const { query, edit, set } = editing;
  const isClusters = query.queryType === 'clusters';
  const text = (field: 'service' | 'versionLabel' | 'cluster') => ({
    id: `${id}-${field}`,
    value: query[field] ?? '',
    onChange: (e: React.FormEvent<HTMLInputElement>) => edit({ [field]: e.currentTarget.value || undefined }),
    ...commitOn(editing),
  });
  return (
    <QueryOptionGroup title="Options" collapsedInfo={summary(editing)}>
      <Stack direction="row" gap={2} wrap="wrap">
        {isClusters && (
          <EditorField label="Classes" tooltip="Only clusters of these classes; all if none is picked">
            <MultiCombobox<ClusterClass>
              id={`${id}-classes`}
              width={40}
              placeholder="All"
              options={classes}
              value={query.classes ?? []}
              onChange={(picked) =>
                set({ classes: picked.length > 0 ? picked.map((p) => p.value) : undefined })
              }
            />
          </EditorField>
        )}
        {isClusters && query.view === 'rates' && (
          <EditorField label="One series a">
            <RadioButtonGroup
              id={`${id}-by`}
              aria-label="One series a"
              options={[
                { value: 'class' as const, label: 'Class' },
                { value: 'cluster' as const, label: 'Cluster' },
              ]}
              value={query.by ?? 'class'}
              onChange={(by) => set({ by })}
            />
          </EditorField>
        )}
        <EditorField
          label="Service"
          optional
          tooltip="Its name at the exporter: feedback on its clusters is used"
        >
          <Input width={24} placeholder="checkout" {...text('service')} />
        </EditorField>
        {!isClusters && (
          <EditorField label="Version label" optional tooltip="Crashes are counted for each of its values">
            <Input width={16} placeholder="version" {...text('versionLabel')} />
          </EditorField>
        )}
        <EditorField label={isClusters ? 'Cluster' : 'Signature'} optional tooltip="Only the one of this id">
          <Input width={24} placeholder="id" {...text('cluster')} />
        </EditorField>
        <EditorField label="Limit" optional tooltip="Rows, series or lines at most">
          <Input
            id={`${id}-limit`}
            type="number"
            min={1}
            width={10}
            value={query.limit ?? ''}
            placeholder={query.view === 'lines' ? '1000' : '100'}
            onChange={(e) => edit({ limit: Number(e.currentTarget.value) || undefined })}
            {...commitOn(editing)}
          />
        </EditorField>
      </Stack>
    </QueryOptionGroup>
  );
}

function summary({ query }: Part['editing']): string[] {
  return [
    query.classes?.length ? `Classes: ${query.classes.join(', ')}` : '',
    query.service ? `Service: ${query.service}` : '',
    query.cluster ? `Only: ${query.cluster}` : '',
    query.limit ? `Limit: ${query.limit}` : '',
  ].filter(Boolean);
}
