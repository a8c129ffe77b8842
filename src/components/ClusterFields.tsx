import { EditorField, QueryOptionGroup } from '@grafana/plugin-ui';
import { Input, MultiCombobox, RadioButtonGroup, Stack } from '@grafana/ui';
import { toOptions } from '../options';
import { type AndonQuery, type ClusterClass, defaultLimits } from '../types';
import { commitOn, type Part } from '../useEditing';
import { CohortFields } from './CohortFields';
import { QuestionRow } from './QuestionRow';

const classes = toOptions<ClusterClass>({
  unknown: { label: 'Unknown', description: 'The old nodes never logged it' },
  unexpected_frequency: { label: 'Unexpected frequency', description: 'More often than on the old nodes' },
  gone: { label: 'Gone', description: 'Only the old nodes log it' },
  known: { label: 'Known', description: 'As often as on the old nodes' },
});

/** The fields of a query for log clusters or crashes. */
export function ClusterFields(part: Part) {
  return (
    <>
      <QuestionRow
        {...part}
        language="logql"
        label="Log query"
        placeholder='{service_name="checkout"} |= "error"'
        hint="LogQL that selects log lines. Enter runs it, Shift+Enter starts a new line."
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
          <EditorField label="Classes" tooltip="Show only clusters of these classes. Empty: all.">
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
          <EditorField label="One series for each">
            <RadioButtonGroup
              id={`${id}-by`}
              aria-label="One series for each"
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
          tooltip="The service's name in the exporter's configuration. The feedback on its clusters is used."
        >
          <Input width={24} placeholder="checkout" {...text('service')} />
        </EditorField>
        {!isClusters && (
          <EditorField label="Version label" optional tooltip="Crashes are counted for each version.">
            <Input width={16} placeholder="version" {...text('versionLabel')} />
          </EditorField>
        )}
        <EditorField
          label={isClusters ? 'Cluster' : 'Signature'}
          optional
          tooltip="Show only the one with this id."
        >
          <Input width={24} placeholder="id" {...text('cluster')} />
        </EditorField>
        <EditorField label="Limit" optional tooltip="Maximum number of rows, series or lines.">
          <Input
            id={`${id}-limit`}
            type="number"
            min={1}
            width={10}
            value={query.limit ?? ''}
            placeholder={`${defaultLimits[limited(query)]}`}
            onChange={(e) => edit({ limit: Number(e.currentTarget.value) || undefined })}
            {...commitOn(editing)}
          />
        </EditorField>
      </Stack>
    </QueryOptionGroup>
  );
}

/** What the limit of a query counts. */
function limited({ view, by }: AndonQuery): keyof typeof defaultLimits {
  if (view === 'lines') {
    return 'lines';
  }
  return view === 'rates' && by === 'cluster' ? 'clusterSeries' : 'clusters';
}

function summary({ query }: Part['editing']): string[] {
  return [
    query.classes?.length ? `Classes: ${query.classes.join(', ')}` : '',
    query.service ? `Service: ${query.service}` : '',
    query.cluster ? `Only: ${query.cluster}` : '',
    query.limit ? `Limit: ${query.limit}` : '',
  ].filter(Boolean);
}
