import { css } from '@emotion/css';
import { type DataFrame, type GrafanaTheme2 } from '@grafana/data';
import { Badge, type BadgeColor, Button, RadioButtonGroup, useStyles2 } from '@grafana/ui';
import { useState } from 'react';
import { type ClusterRow, clusterRows, mayGiveFeedback } from '../feedback';
import { toOptions } from '../options';
import { type ClusterClass, type Risk } from '../types';
import { messageOf } from '../useAnswer';
import { type Part } from '../useEditing';

const risks = toOptions<Risk>({
  high: { label: 'High', description: 'Any rollout that logs this fails' },
  medium: { label: 'Medium', description: 'Fails a rollout at high sensitivity, otherwise it is only noted' },
  none: { label: 'No risk', description: 'Ignored from now on' },
});

const colors: Record<ClusterClass, BadgeColor> = {
  unknown: 'red',
  unexpected_frequency: 'orange',
  gone: 'blue',
  known: 'green',
};

/** How many clusters are listed: the first in the answer. */
const maxRows = 10;

/**
 * The log clusters or signatures of the answer, to give feedback on each. The exporter keeps the feedback and uses it
 * from its next tick on; it can be undone.
 */
export function FeedbackSection({ editing, datasource, frames }: Part & { frames: DataFrame[] }) {
  const styles = useStyles2(getStyles);
  const { query, run } = editing;
  // The feedback given since the answer came; the next answer has it too.
  const [given, setGiven] = useState<Record<string, Risk | null>>({});
  const [failed, setFailed] = useState<{ id: string; error: string }>();
  const rows = clusterRows(frames, query.refId);
  if (rows.length === 0) {
    return null;
  }
  const { service } = query;
  const allowed = mayGiveFeedback();

  const give = async (row: ClusterRow, risk: Risk | null) => {
    const request = { service: service ?? '', cluster: row.id };
    try {
      await (risk
        ? datasource.feedback({ ...request, template: row.template, risk })
        : datasource.undoFeedback(request));
      setGiven((s) => ({ ...s, [row.id]: risk }));
      setFailed(undefined);
      run();
    } catch (e) {
      setFailed({ id: row.id, error: messageOf(e) });
    }
  };
  const riskOf = (row: ClusterRow) => (row.id in given ? given[row.id] : row.feedback);
  return (
    <section aria-label="Feedback" className={styles.section}>
      <h3 className={styles.title}>Feedback</h3>
      <p className={styles.hint}>
        {!allowed
          ? 'Only editors and administrators may give feedback.'
          : service
            ? `How risky is each cluster for ${service}? It counts in every rollout from now on. The exporter records who said it and when.`
            : 'To give feedback, set the service under Options: feedback holds for one service.'}
      </p>
      <ul className={styles.list}>
        {rows.slice(0, maxRows).map((row) => (
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
              onChange={(risk) => give(row, risk)}
            />
            <Button
              size="sm"
              variant="secondary"
              fill="text"
              icon="history"
              aria-label={`Undo the feedback on ${row.template}`}
              className={riskOf(row) ? undefined : styles.hidden}
              disabled={!allowed || !service || !riskOf(row)}
              onClick={() => give(row, null)}
            >
              Undo
            </Button>
            {failed?.id === row.id && (
              <span role="alert" className={styles.failed}>
                not saved: {failed.error}
              </span>
            )}
          </li>
        ))}
      </ul>
      {rows.length > maxRows && <p className={styles.hint}>{rows.length - maxRows} more are in the table.</p>}
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
