import { useState } from 'react';
import { type DataFrame, dateTime, type DataSourceInstanceSettings, LoadingState } from '@grafana/data';
import { AndonDataSource } from '../datasource';
import { QueryEditor } from '../components/QueryEditor';
import { type AndonOptions, type AndonQuery, type Service } from '../types';

type Answers = Partial<
  Pick<
    AndonDataSource,
    | 'validate'
    | 'cohorts'
    | 'services'
    | 'discover'
    | 'rollouts'
    | 'getTagKeys'
    | 'getTagValues'
    | 'values'
    | 'feedback'
    | 'undoFeedback'
  >
>;

const silent: Answers = {
  validate: async (asked) => ({ asked }),
  cohorts: async () => ({ candidate: { nodes: [], count: 0 }, control: { nodes: [], count: 0 } }),
  services: async () => [],
  discover: async () => [],
  rollouts: async () => [],
  getTagKeys: async () => [],
  getTagValues: async () => [],
  values: async () => [],
};

/** A data source whose back end answers as told, and finds nothing where it is told nothing. */
export function answering(answers: Answers = {}): AndonDataSource {
  const settings = {
    uid: 'andon',
    id: 1,
    meta: {},
    jsonData: {},
  } as DataSourceInstanceSettings<AndonOptions>;
  return Object.assign(new AndonDataSource(settings), silent, answers);
}

/** A service that was found, with a canary. */
export const checkout: Service = {
  name: 'checkout',
  node: 'pod',
  version: 'version',
  signals: [
    { name: 'errors', metric: 'errors_total', per: 'requests_total', worse: 'higher' },
    { name: 'latency', metric: 'latency_seconds', unit: 's', worse: 'higher' },
  ],
  cohorts: 'labels',
  candidate: { version: 'v2' },
  control: { version: '!=v2' },
};

const range = { from: dateTime('2026-01-02T15:00:00Z'), to: dateTime('2026-01-02T16:00:00Z') };
export const timeRange = { ...range, raw: range };

interface Props {
  datasource?: AndonDataSource;
  initial?: Partial<AndonQuery>;
  frames?: DataFrame[];
  onChange?(query: AndonQuery): void;
  onRun?(): void;
}

/** The query editor in a page that keeps its query, as a panel does. */
export function Editing({ datasource, initial, frames, onChange, onRun }: Props) {
  const [query, setQuery] = useState({ refId: 'A', ...initial } as AndonQuery);
  const [kept] = useState(() => datasource ?? answering());
  return (
    <QueryEditor
      datasource={kept}
      query={query}
      range={timeRange}
      data={frames && { state: LoadingState.Done, series: frames, timeRange }}
      onChange={(next) => {
        setQuery(next);
        onChange?.(next);
      }}
      onRunQuery={() => onRun?.()}
    />
  );
}

interface CodeEditorProps {
  value: string;
  monacoOptions?: { ariaLabel?: string };
  onChange?(value: string): void;
  onBlur?(value: string): void;
}

/**
 * Stands in for the code editor, whose engine needs a real browser. Like it, it keeps its first onChange.
 *
 * @public for jest.requireActual, which does not count as an import
 */
export function PlainCodeEditor({ value, monacoOptions, onChange, onBlur }: CodeEditorProps) {
  const [changed] = useState(() => onChange);
  return (
    <textarea
      aria-label={monacoOptions?.ariaLabel}
      value={value}
      onChange={(e) => changed?.(e.currentTarget.value)}
      onBlur={(e) => onBlur?.(e.currentTarget.value)}
    />
  );
}
