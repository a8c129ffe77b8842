import { css } from '@emotion/css';
import { useState } from 'react';
import { type GrafanaTheme2, type MetricFindValue, type TimeRange } from '@grafana/data';
import { Button, Combobox, IconButton, useStyles2 } from '@grafana/ui';
import { type AndonDataSource } from '../datasource';
import { isRepeated, type Matcher, parseValue, toMatchers, toSelector } from '../selector';
import { type AndonQuery, type Selector, type SelectorOperator, selectorOperators } from '../types';
import { type Editing } from '../useEditing';
import { useSuggestions } from '../useSuggestions';

interface Props {
  /** What the selector picks, for screen readers and tests. */
  name: string;
  selector?: Selector;
  /** An example of a label and its value, shown in empty rows. */
  placeholders: [string, string];
  editing: Editing;
  datasource: AndonDataSource;
  range?: TimeRange;
  toChange(selector: Selector): Partial<AndonQuery>;
}

const empty: Matcher = { label: '', operator: '=', value: '' };
const options = selectorOperators.map((value) => ({ value, label: value }));

/**
 * Rows of label, operator and value. A selector cannot hold an incomplete row, so the rows are kept here; they are
 * replaced when the selector changes from outside.
 */
export function SelectorEditor(props: Props) {
  const { name, selector = {}, editing, toChange } = props;
  const styles = useStyles2(getStyles);
  const [rows, setRows] = useState(() => orEmpty(toMatchers(selector)));
  const [seen, setSeen] = useState(selector);
  if (!same(seen, selector)) {
    setSeen(selector);
    if (!same(toSelector(rows), selector)) {
      setRows(orEmpty(toMatchers(selector)));
    }
  }

  const write = (next: Matcher[]) => {
    setRows(next);
    editing.edit(toChange(toSelector(next)));
  };
  const replace = (i: number, change: Partial<Matcher>) => {
    write(rows.map((m, j) => (j === i ? normalise({ ...m, ...change }) : m)));
    editing.settle();
  };
  const remove = (i: number) => {
    write(orEmpty(rows.filter((_, j) => j !== i)));
    editing.settle();
  };

  return (
    <div role="group" aria-label={name} className={styles.rows} data-testid={testId(name)}>
      {rows.map((row, i) => (
        <Row
          key={i}
          {...props}
          row={row}
          i={i}
          repeated={isRepeated(rows, i)}
          only={rows.length === 1}
          onChange={(change) => replace(i, change)}
          onRemove={() => remove(i)}
        />
      ))}
      <Button
        variant="secondary"
        fill="text"
        size="sm"
        icon="plus"
        aria-label={`Add label to ${name.toLowerCase()}`}
        onClick={() => setRows([...rows, empty])}
      >
        Add label
      </Button>
    </div>
  );
}

interface RowProps extends Props {
  row: Matcher;
  i: number;
  repeated: boolean;
  only: boolean;
  onChange(change: Partial<Matcher>): void;
  onRemove(): void;
}

/** One label, its operator and its value; the back end suggests what there is. */
function Row({ name, placeholders, editing, datasource, range, row, i, ...rest }: RowProps) {
  const styles = useStyles2(getStyles);
  const { repeated, only, onChange, onRemove } = rest;
  const { query } = editing;
  const about = { filters: [], queries: [query], timeRange: range };
  const key = JSON.stringify([query.queryType, query.expr, query.signals, range?.raw]);
  const labels = useSuggestions(async () => texts(await datasource.getTagKeys(about)), key);
  const values = useSuggestions(
    async () => (row.label ? texts(await datasource.getTagValues({ ...about, key: row.label })) : []),
    `${row.label} ${key}`
  );
  return (
    <div className={styles.row}>
      <Combobox
        width={20}
        createCustomValue
        options={labels}
        value={row.label || null}
        placeholder={placeholders[0]}
        aria-label={`${name} label ${i + 1}`}
        invalid={repeated}
        onChange={({ value }) => onChange({ label: value })}
      />
      <Combobox<SelectorOperator>
        width={9}
        options={options}
        value={row.operator}
        aria-label={`${name} operator ${i + 1}`}
        onChange={({ value }) => onChange({ operator: value })}
      />
      <Combobox
        width={24}
        createCustomValue
        options={values}
        value={row.value || null}
        placeholder={placeholders[1]}
        aria-label={`${name} value ${i + 1}`}
        onChange={({ value }) => onChange({ value })}
      />
      <IconButton
        name="times"
        tooltip={
          repeated
            ? `Remove ${name.toLowerCase()} row ${i + 1}: an earlier row has the same label, and only that one counts`
            : `Remove ${name.toLowerCase()} row ${i + 1}`
        }
        disabled={only && row.label === '' && row.value === ''}
        onClick={onRemove}
      />
    </div>
  );
}

const texts = (found: MetricFindValue[]) => found.map((f) => f.text);

const testId = (name: string) => `andon-selector-${name.toLowerCase()}`;

const orEmpty = (rows: Matcher[]) => (rows.length > 0 ? rows : [empty]);

/** An operator that was typed in front of the value moves to its own field. */
function normalise(m: Matcher): Matcher {
  return m.operator === '=' ? { ...m, ...parseValue(m.value) } : m;
}

function same(a: Selector, b: Selector): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((n) => a[n] === b[n]);
}

const getStyles = (theme: GrafanaTheme2) => ({
  rows: css({ display: 'flex', flexDirection: 'column', alignItems: 'flex-start', gap: theme.spacing(0.5) }),
  row: css({ display: 'flex', alignItems: 'center', gap: theme.spacing(0.5) }),
});
