import { EditorField, EditorRow } from '@grafana/plugin-ui';
import { Input, RadioButtonGroup, Stack } from '@grafana/ui';
import { toOptions } from '../options';
import { type AndonQuery, type CohortMode, type Selector } from '../types';
import { commitOn, type Part } from '../useEditing';
import { type CohortsAnswer, NodeList, useCohorts } from './NodeList';
import { SelectorEditor } from './SelectorEditor';

const modes = toOptions<CohortMode>({
  labels: { label: 'By labels', description: 'Nodes on the new version against nodes on the old one' },
  time: { label: 'By time', description: 'The same nodes, now against earlier' },
});

/** Which nodes are compared, and with what. */
export function CohortFields(part: Part) {
  const { editing, id, datasource, range } = part;
  const { query, edit, set } = editing;
  const resolved = useCohorts(datasource, query, range);
  const pick = (value: CohortMode) =>
    set(
      value === 'time' && !query.back && !query.since ? { cohorts: value, back: '1d' } : { cohorts: value }
    );

  return (
    <>
      <EditorRow>
        <EditorField
          label="Node label"
          tooltip="The label that names an instance. Empty: compare the service as a whole."
        >
          <Input
            id={`${id}-node`}
            width={20}
            value={query.nodeLabel ?? ''}
            placeholder="pod"
            onChange={(e) => edit({ nodeLabel: e.currentTarget.value })}
            {...commitOn(editing)}
          />
        </EditorField>
        <EditorField label="Compare nodes" tooltip="How candidate and control differ">
          <RadioButtonGroup
            id={`${id}-cohorts`}
            aria-label="Compare nodes"
            options={modes}
            value={query.cohorts}
            onChange={pick}
          />
        </EditorField>
        {query.cohorts !== 'time' && (
          <Since
            editing={editing}
            id={id}
            optional
            tooltip="Samples from before the change show how the nodes differ without it."
          />
        )}
      </EditorRow>
      {query.cohorts === 'time' ? (
        <ByTime {...part} resolved={resolved} />
      ) : (
        <ByLabels {...part} resolved={resolved} />
      )}
    </>
  );
}

type SideProps = Part & { resolved: CohortsAnswer };

function ByLabels({ resolved, ...part }: SideProps) {
  const { query } = part.editing;
  return (
    <EditorRow>
      <EditorField label="Candidate" tooltip="Nodes on the new version. All labels must match.">
        <Side
          {...part}
          name="Candidate"
          side="candidate"
          resolved={resolved}
          selector={query.candidate}
          placeholders={['version', 'v2']}
          toChange={(candidate) => ({ candidate })}
        />
      </EditorField>
      <EditorField label="Control" tooltip="Nodes on the old version, which ran well. Operators: = != =~ !~">
        <Side
          {...part}
          name="Control"
          side="control"
          resolved={resolved}
          selector={query.control}
          placeholders={['version', 'v1']}
          toChange={(control) => ({ control })}
        />
      </EditorField>
    </EditorRow>
  );
}

interface NamedSide {
  name: string;
  side: 'candidate' | 'control';
  selector?: Selector;
  placeholders: [string, string];
  toChange(selector: Selector): Partial<AndonQuery>;
}

/** The labels of one side, and the nodes that they pick in the time range. */
function Side({ name, side, selector, placeholders, toChange, resolved, ...part }: SideProps & NamedSide) {
  return (
    <Stack direction="column" gap={0.5}>
      <SelectorEditor
        {...part}
        name={name}
        selector={selector}
        placeholders={placeholders}
        toChange={toChange}
      />
      <NodeList name={name} side={side} cohorts={resolved} />
    </Stack>
  );
}

const controls = [
  {
    value: 'back',
    label: 'Some time earlier',
    description: 'The same hour yesterday, or a week ago',
  },
  { value: 'since', label: 'Before the change', description: 'The time before the change' },
];

function ByTime({ resolved, ...part }: SideProps) {
  const { editing, id, range } = part;
  const { query, edit, set } = editing;
  // An empty back is a field that is being filled in; an absent one means the other control.
  const control = query.back != null ? 'back' : 'since';
  const pick = (value: string) =>
    set(
      value === 'back'
        ? { back: '1d', since: undefined }
        : { back: undefined, since: query.since || (range?.from.toISOString() ?? '') }
    );

  return (
    <EditorRow>
      <EditorField
        label="Nodes"
        optional
        tooltip="Which nodes to compare. Empty: all that the query returns."
      >
        <Side
          {...part}
          name="Nodes"
          side="candidate"
          resolved={resolved}
          selector={query.candidate}
          placeholders={['service', 'checkout']}
          toChange={(candidate) => ({ candidate })}
        />
      </EditorField>
      <EditorField label="Control" tooltip="What to compare with">
        <RadioButtonGroup
          id={`${id}-control`}
          aria-label="Control"
          options={controls}
          value={control}
          onChange={pick}
        />
      </EditorField>
      {control === 'back' ? (
        <EditorField label="Earlier by" tooltip="A duration as in PromQL: 30m, 1h, 1d, 1w">
          <Input
            id={`${id}-back`}
            width={16}
            value={query.back ?? ''}
            placeholder="1d"
            onChange={(e) => edit({ back: e.currentTarget.value })}
            {...commitOn(editing)}
          />
        </EditorField>
      ) : (
        <Since editing={editing} id={id} tooltip="The time after it is compared with the time before." />
      )}
      <EditorField label="Compared with">
        <NodeList name="Control" side="control" cohorts={resolved} />
      </EditorField>
    </EditorRow>
  );
}

interface SinceProps extends Pick<Part, 'editing' | 'id'> {
  optional?: boolean;
  tooltip: string;
}

function Since({ editing, id, ...field }: SinceProps) {
  return (
    <EditorField label="Change began" {...field}>
      <Input
        id={`${id}-since`}
        width={28}
        value={editing.query.since ?? ''}
        placeholder="2026-01-02T15:04:05Z"
        onChange={(e) => editing.edit({ since: e.currentTarget.value || undefined })}
        {...commitOn(editing)}
      />
    </EditorField>
  );
}
