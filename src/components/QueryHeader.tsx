import { css } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';
import { InlineSwitch, RadioButtonGroup, useStyles2 } from '@grafana/ui';
import { changeType, languageOf, queryTypes, viewLabel } from '../queries';
import { type EditorMode, views } from '../types';
import { type Editing } from '../useEditing';

const modes: Array<{ value: EditorMode; label: string }> = [
  { value: 'builder', label: 'Builder' },
  { value: 'code', label: 'Code' },
];

/** What is asked for, in which form it is answered, and how the query is written. */
export function QueryHeader({ editing: { query, set, edit }, id }: { editing: Editing; id: string }) {
  const styles = useStyles2(getStyles);
  const answers = views[query.queryType].map((value) => ({ value, label: viewLabel(value) }));
  return (
    <div className={styles.header}>
      <RadioButtonGroup
        id={`${id}-type`}
        aria-label="Query type"
        size="sm"
        options={queryTypes}
        value={query.queryType}
        onChange={(queryType) => set(changeType(query, queryType))}
      />
      {answers.length > 1 && (
        <RadioButtonGroup
          id={`${id}-view`}
          aria-label="Show"
          size="sm"
          options={answers}
          value={query.view ?? answers[0].value}
          onChange={(view) => set({ view })}
        />
      )}
      <span className={styles.space} />
      <InlineSwitch
        id={`${id}-live`}
        label="Live"
        showLabel
        transparent
        value={query.live ?? false}
        title="Follow the rollout while the time range ends now: what is new at each bin, and progress while logs are read"
        onChange={(e) => set({ live: e.currentTarget.checked || undefined })}
      />
      {languageOf(query.queryType) && (
        <RadioButtonGroup
          id={`${id}-editor`}
          aria-label="Editor"
          size="sm"
          options={modes}
          value={query.editor}
          onChange={(editor) => edit({ editor })}
        />
      )}
    </div>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  header: css({
    display: 'flex',
    flexWrap: 'wrap',
    alignItems: 'center',
    gap: theme.spacing(1),
    minHeight: theme.spacing(4),
  }),
  space: css({ flexGrow: 1 }),
});
