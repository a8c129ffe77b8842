import { css } from '@emotion/css';
import { useState } from 'react';
import { type GrafanaTheme2 } from '@grafana/data';
import { Button, Combobox, IconButton, Input, useStyles2 } from '@grafana/ui';
import {
  isRepeated,
  type Matcher,
  type Operator,
  operators,
  parseValue,
  toMatchers,
  toSelector,
} from '../selector';
import { type Selector } from '../types';
import { commitOn, type Editing } from '../useEditing';

interface Props {
  /** What the selector picks, for screen readers and tests. */
  name: string;
  selector?: Selector;
  /** An example of a label and its value, shown in empty rows. */
  placeholders: [string, string];
  editing: Editing;
  toChange(selector: Selector): Parameters<Editing['edit']>[0];
}

const empty: Matcher = { label: '', operator: '=', value: '' };
const options = operators.map((value) => ({ value, label: value }));

/**
 * Rows of label, operator and value. A selector cannot hold a row that is half written, so that the rows live here;
 * they begin anew when the selector changes from outside.
 */
export function SelectorEditor({ name, selector = {}, placeholders, editing, toChange }: Props) {
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
  const replace = (i: number, change: Partial<Matcher>) =>
    write(rows.map((m, j) => (j === i ? normalise({ ...m, ...change }) : m)));
  const remove = (i: number) => {
    write(orEmpty(rows.filter((_, j) => j !== i)));
    editing.settle();
  };

  return (
    <div role="group" aria-label={name} className={styles.rows} data-testid={testId(name)}>
      {rows.map((row, i) => (
        <div key={i} className={styles.row}>
          <Input
            width={16}
            value={row.label}
            placeholder={placeholders[0]}
            aria-label={`${name} label ${i + 1}`}
            invalid={isRepeated(rows, i)}
            title={isRepeated(rows, i) ? 'An earlier row names this label; only that one counts' : undefined}
            onChange={(e) => replace(i, { label: e.currentTarget.value })}
            {...commitOn(editing)}
          />
          <Combobox<Operator>
            width={9}
            options={options}
            value={row.operator}
            aria-label={`${name} operator ${i + 1}`}
            onChange={({ value }) => {
              replace(i, { operator: value });
              editing.settle();
            }}
          />
          <Input
            width={22}
            value={row.value}
            placeholder={placeholders[1]}
            aria-label={`${name} value ${i + 1}`}
            onChange={(e) => replace(i, { value: e.currentTarget.value })}
            {...commitOn(editing)}
          />
          <IconButton
            name="times"
            tooltip={`Remove ${name.toLowerCase()} row ${i + 1}`}
            disabled={rows.length === 1 && row.label === '' && row.value === ''}
            onClick={() => remove(i)}
          />
        </div>
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

const testId = (name: string) => `andon-selector-${name.toLowerCase()}`;

const orEmpty = (rows: Matcher[]) => (rows.length > 0 ? rows : [empty]);

/** An operator that is typed where the value goes is taken for what it is. */
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
