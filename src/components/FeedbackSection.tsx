import { css } from '@emotion/css';
import { type DataFrame, type GrafanaTheme2 } from '@grafana/data';
import { Badge, type BadgeColor, Button, RadioButtonGroup, useStyles2 } from '@grafana/ui';
import { useState } from 'react';
import { type ClusterRow, clusterRows, mayGiveFeedback } from '../feedback';
import { type ClusterClass, type Risk } from '../types';
import { messageOf } from '../useAnswer';
import { type Part } from '../useEditing';

const risks: Array<{ value: Risk; label: string; description: string }> = [
  { value: 'high', label: 'High', description: 'A rollout fails whenever this is logged' },
  { value: 'medium', label: 'Medium', description: 'A rollout fails at high sensitivity, else it is noted' },
  { value: 'none', label: 'No risk', description: 'Ignored from now on' },
];

const colors: Record<ClusterClass, BadgeColor> = {
  unknown: 'red',
  unexpected_frequency: 'orange',
  gone: 'blue',
  known: 'green',
};

/** How many clusters are listed: those that stand first in the answer. */
const most = 10;

/**
 * The log clusters of the answer, to say of each what it is worth. What is said is kept by the exporter, honoured at
 * its next tick, and can be undone.
 */
export function FeedbackSection({ editing, datasource, frames }: Part & { frames: DataFrame[] }) {
  const styles = useStyles2(getStyles);
  const { query, run } = editing;
  // What was said since the answer came; the next answer knows it too.
  const [said, setSaid] = useState<Record<string, Risk | null>>({});
  const [failed, setFailed] = useState<{ id: string; error: string }>();
  const rows = clusterRows(frames, query.refId);
  if (rows.length === 0) {
    return null;
  }
  const { service } = query;
  const allowed = mayGiveFeedback();

  const say = async (row: ClusterRow, risk: Risk | null) => {
    const told = { service: service ?? '', cluster: row.id };
    try {
      await (risk
        ? datasource.feedback({ ...told, template: row.template, risk })
        : datasource.undoFeedback(told));
      setSaid((s) => ({ ...s, [row.id]: risk }));
      setFailed(undefined);
      run();
    } catch (e) {
      setFailed({ id: row.id, error: messageOf(e) });
    }
  };
  const riskOf = (row: ClusterRow) => (row.id in said ? said[row.id] : row.feedback);
  return (
    <section aria-label="Feedback" className={styles.section}>
      <h3 className={styles.title}>Feedback</h3>
      <p className={styles.hint}>
        {!allowed
          ? 'Editors and administrators may say what a cluster is worth.'
          : service
            ? `What a cluster is worth to ${service}, for every rollout from now on. The exporter keeps who said it and when.`
            : 'Set the service under Options: feedback on a cluster holds for one service.'}
      </p>
      <ul className={styles.list}>
        {rows.slice(0, most).map((row) => (
          <li key={row.id} className={styles.row}>
            <span className={styles.class}>
              {row.class && <Badge text={row.class.replace('_', ' ')} color={colors[row.class]} />}
            </span>
            <code className={styles.template} title={row.template}>
              {row.template}
            </code>
            <RadioButtonGroup
              size="sm"
              aria-label={`Risk of ${row.template}`}
              options={risks}
              value={riskOf(row) ?? undefined}
              disabled={!allowed || !service}
              onChange={(risk) => say(row, risk)}
            />
            <Button
              size="sm"
              variant="secondary"
              fill="text"
              icon="history"
              aria-label={`Undo the feedback on ${row.template}`}
              className={riskOf(row) ? undefined : styles.hidden}
              disabled={!allowed || !service || !riskOf(row)}
              onClick={() => say(row, null)}
            >
              Undo
            </Button>
            {failed?.id === row.id && (
              <span role="alert" className={styles.failed}>
                not kept: {failed.error}
              </span>
            )}
          </li>
        ))}
      </ul>
      {rows.length > most && <p className={styles.hint}>{rows.length - most} more are in the table.</p>}
    </section>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  section: css({
    // The rows' column wraps, and sizes what it holds before it stretches it.
    width: '100%',
    padding: theme.spacing(1),
    background: theme.colors.background.secondary,
    borderRadius: theme.shape.radius.default,
    minWidth: 0,
  }),
  title: css({ ...theme.typography.h6, marginBottom: 0 }),
  hint: css({
    ...theme.typography.bodySmall,
    color: theme.colors.text.secondary,
    margin: theme.spacing(0, 0, 0.5),
  }),
  list: css({ listStyle: 'none', display: 'flex', flexDirection: 'column', gap: theme.spacing(0.5) }),
  row: css({ display: 'flex', alignItems: 'center', gap: theme.spacing(1), flexWrap: 'wrap' }),
  class: css({ width: 148, flexShrink: 0 }),
  template: css({
    flex: '1 1 300px',
    minWidth: 0,
    overflow: 'hidden',
    whiteSpace: 'nowrap',
    textOverflow: 'ellipsis',
  }),
  // Its place stays, so that the row does not move.
  hidden: css({ visibility: 'hidden' }),
  failed: css({ color: theme.colors.error.text, flexBasis: '100%' }),
});
