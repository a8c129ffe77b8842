import { css } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';
import { InlineSwitch, RadioButtonGroup, useStyles2 } from '@grafana/ui';
import { toOptions } from '../options';
import { changeType, queryTypes, viewLabel } from '../queries';
import { type EditorMode, languageOfType, views } from '../types';
import { type Editing } from '../useEditing';

const modes = toOptions<EditorMode>({ builder: { label: 'Builder' }, code: { label: 'Code' } });

/** The query's type and view, and how it is written. */
export function QueryHeader({ editing: { query, set, edit }, id }: { editing: Editing; id: string }) {
  const styles = useStyles2(getStyles);
  const viewOptions = views[query.queryType].map((value) => ({ value, label: viewLabel(value) }));
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
      {viewOptions.length > 1 && (
        <RadioButtonGroup
          id={`${id}-view`}
          aria-label="Show"
          size="sm"
          options={viewOptions}
          value={query.view ?? viewOptions[0].value}
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
        title="Update the panel with each new sample and show progress while logs are read. The time range must end now."
        onChange={(e) => set({ live: e.currentTarget.checked || undefined })}
      />
      {languageOfType[query.queryType] && (
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
