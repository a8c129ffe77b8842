import { useEffect, useRef } from 'react';
import { type QueryEditorProps, type TimeRange } from '@grafana/data';
import { type AndonDataSource } from './datasource';
import { type AndonOptions, type AndonQuery, defaultQuery, views } from './types';

export type EditorProps = QueryEditorProps<AndonDataSource, AndonQuery, AndonOptions>;

/** The query of an editor, and the ways to change and run it. */
export interface Editing {
  query: AndonQuery;
  /** Changes fields without running the query, as at each key. */
  edit(change: Partial<AndonQuery>): void;
  /** Runs the query if it changed since it last ran, as when a field is left. */
  settle(): void;
  /** Runs the query, changed or not, as when Enter is pressed. */
  run(): void;
  /** Changes fields and runs, as when an option is picked. */
  set(change: Partial<AndonQuery>): void;
}

/** The props of every part of the query editor. */
export interface Part {
  editing: Editing;
  /** The prefix of the ids of its fields. */
  id: string;
  datasource: AndonDataSource;
  range?: TimeRange;
}

/**
 * A query of any version with defaults filled in. A query with an expression that was made without the editor is shown
 * as code. A view that the type does not have becomes the type's first.
 */
export function fill(query: AndonQuery): AndonQuery {
  const filled = { ...defaultQuery, editor: query.expr ? ('code' as const) : ('builder' as const), ...query };
  const known: readonly string[] = views[filled.queryType];
  return {
    ...filled,
    v: defaultQuery.v,
    view: known.includes(filled.view) ? filled.view : views[filled.queryType][0],
    legend: query.legend ?? (filled.queryType === defaultQuery.queryType ? defaultQuery.legend : undefined),
  };
}

/** Fills in defaults, and keeps the newest query between two renders and the one that ran last. */
export function useEditing({ query, onChange, onRunQuery }: EditorProps): Editing {
  const filled = fill(query);
  const newest = useRef(filled);
  const ran = useRef(JSON.stringify(filled));
  useEffect(() => {
    newest.current = filled;
  });

  const edit = (change: Partial<AndonQuery>) => {
    newest.current = { ...newest.current, ...change };
    onChange(newest.current);
  };
  const run = () => {
    ran.current = JSON.stringify(newest.current);
    onRunQuery();
  };
  const settle = () => {
    if (ran.current !== JSON.stringify(newest.current)) {
      run();
    }
  };
  const set = (change: Partial<AndonQuery>) => {
    edit(change);
    run();
  };
  return { query: filled, edit, settle, run, set };
}

/** Event handlers of a text field: leaving it runs a changed query, Enter runs it in any case. */
export function commitOn({ settle, run }: Editing) {
  return {
    onBlur: settle,
    onKeyDown: (e: React.KeyboardEvent) => {
      if (e.key === 'Enter') {
        run();
      }
    },
  };
}
