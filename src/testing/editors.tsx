import { useState } from 'react';
import { dateTime, type DataSourceInstanceSettings } from '@grafana/data';
import { AndonDataSource } from '../datasource';
import { QueryEditor } from '../components/QueryEditor';
import { type AndonOptions, type AndonQuery, type Validation } from '../types';

/** A data source whose back end answers validations as told. */
export function validating(validate: (expr: string) => Promise<Validation>): AndonDataSource {
  const datasource = new AndonDataSource({
    uid: 'andon',
    id: 1,
    meta: {},
  } as DataSourceInstanceSettings<AndonOptions>);
  datasource.validate = validate;
  return datasource;
}

export const allValid = () => validating(async (asked) => ({ asked }));

const range = { from: dateTime('2026-01-02T15:00:00Z'), to: dateTime('2026-01-02T16:00:00Z') };

interface Props {
  datasource?: AndonDataSource;
  initial?: Partial<AndonQuery>;
  onChange?(query: AndonQuery): void;
  onRun?(): void;
}

/** The query editor in a page that keeps its query, as a panel does. */
export function Editing({ datasource = allValid(), initial, onChange, onRun }: Props) {
  const [query, setQuery] = useState({ refId: 'A', ...initial } as AndonQuery);
  const [kept] = useState(datasource);
  return (
    <QueryEditor
      datasource={kept}
      query={query}
      range={{ ...range, raw: range }}
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

/** Stands in for the code editor, whose engine needs a real browser. Like it, it keeps its first onChange. */
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
