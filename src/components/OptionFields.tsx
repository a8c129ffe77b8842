import { EditorField, QueryOptionGroup } from '@grafana/plugin-ui';
import { Combobox, Input, Stack } from '@grafana/ui';
import { kindTexts, kinds as kindList, type Kind } from '../types';
import { commitOn, type Editing, type Part } from '../useEditing';
import { ExprField } from './ExprField';

const kinds: Array<{ value: Kind | ''; label: string; description: string }> = [
  { value: '', label: 'Automatic', description: 'Inferred from the unit and the names of the metrics' },
  ...kindList.map((kind) => ({
    value: kind,
    label: kind[0].toUpperCase() + kind.slice(1),
    description: kindTexts[kind],
  })),
];

/** Fields that are seldom needed, folded away. */
export function OptionFields({ datasource, editing, id }: Part) {
  const { query, edit, set, settle, run } = editing;
  return (
    <QueryOptionGroup title="Options" collapsedInfo={summary(editing)}>
      <Stack direction="column" gap={1}>
        <Stack direction="row" gap={2} wrap="wrap">
          <EditorField
            label="Legend"
            tooltip="The name of each series. {{node}} is the node, {{label}} any other label."
          >
            <Input
              id={`${id}-legend`}
              width={28}
              value={query.legend ?? ''}
              placeholder="{{node}}"
              onChange={(e) => edit({ legend: e.currentTarget.value })}
              {...commitOn(editing)}
            />
          </EditorField>
          <EditorField
            label="Unit"
            optional
            tooltip="The unit of the values, as Grafana names it: s, bytes, percentunit"
          >
            <Input
              id={`${id}-unit`}
              width={16}
              value={query.unit ?? ''}
              placeholder="s"
              onChange={(e) => edit({ unit: e.currentTarget.value || undefined })}
              {...commitOn(editing)}
            />
          </EditorField>
          <EditorField label="Kind" tooltip="How the values are compared">
            <Combobox<Kind | ''>
              id={`${id}-kind`}
              width={24}
              options={kinds}
              value={query.kind ?? ''}
              onChange={({ value }) => set({ kind: value || undefined })}
            />
          </EditorField>
          <EditorField label="Bin" optional tooltip="The time that one sample stands for. Empty: 1m.">
            <Input
              id={`${id}-step`}
              width={12}
              value={query.step ?? ''}
              placeholder="1m"
              onChange={(e) => edit({ step: e.currentTarget.value || undefined })}
              {...commitOn(editing)}
            />
          </EditorField>
        </Stack>
        <EditorField label="Out of" optional tooltip="The total number of events: errors out of requests">
          <ExprField
            datasource={datasource}
            language="promql"
            label="Out of"
            testId="andon-per"
            value={query.per ?? ''}
            placeholder="sum by (pod, version) (rate(http_requests_total[$__rate_interval]))"
            hint="The query then counts events out of this total: 1 error in 2 requests proves less than 500 in 1,000."
            onChange={(per) => edit({ per: per || undefined })}
            onBlur={settle}
            onRun={run}
          />
        </EditorField>
      </Stack>
    </QueryOptionGroup>
  );
}

function summary({ query }: Editing): string[] {
  const parts = [
    ['Legend', query.legend],
    ['Unit', query.unit],
    ['Kind', query.kind],
    ['Bin', query.step],
    ['Out of', query.per],
  ];
  return parts.filter(([, value]) => value).map(([name, value]) => `${name}: ${value}`);
}
