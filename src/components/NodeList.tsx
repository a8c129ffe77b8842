import { css, cx } from '@emotion/css';
import { type GrafanaTheme2, type TimeRange } from '@grafana/data';
import { Icon, Tooltip, useStyles2 } from '@grafana/ui';
import { type AndonDataSource } from '../datasource';
import { isAsked } from '../queries';
import { type AndonQuery, type Cohort, defaultQuery } from '../types';
import { type Answer, useAnswer } from '../useAnswer';

/** How long nobody must have typed before cohorts are resolved, in milliseconds. */
const resolveDelay = 400;

export type Cohorts = Answer<{ candidate: Cohort; control: Cohort }>;

/** Resolves the cohorts of a query while it is written. */
export function useCohorts(datasource: AndonDataSource, query: AndonQuery, range?: TimeRange): Cohorts {
  const { cohorts, candidate, control, back, since } = { ...defaultQuery, ...query };
  const told =
    cohorts === 'time'
      ? Boolean(back || since)
      : Object.keys(candidate ?? {}).length > 0 && Object.keys(control ?? {}).length > 0;
  const { expr, per, nodeLabel, queryType, signals, step } = query;
  const key = JSON.stringify([
    queryType,
    expr,
    per,
    signals,
    nodeLabel,
    step,
    cohorts,
    candidate,
    control,
    back,
    since,
    range?.raw,
  ]);
  const asks = told && isAsked(query);
  return useAnswer(() => datasource.cohorts(query, range), asks ? key : '', resolveDelay);
}

interface Props {
  /** Which side it is, for people. */
  name: string;
  cohorts: Cohorts;
  side: 'candidate' | 'control';
}

/** The nodes of one side as they resolve, on one line that is there from the start. */
export function NodeList({ name, cohorts, side }: Props) {
  const styles = useStyles2(getStyles);
  const { value, error, loading } = cohorts;
  const cohort = value?.[side];
  const nodes = cohort?.nodes ?? [];
  const wrong = cohort?.error ?? error;
  return (
    <div
      className={cx(styles.line, loading && styles.stale)}
      role="status"
      aria-label={`Nodes of ${name.toLowerCase()}`}
      data-testid={`andon-nodes-${side}`}
    >
      {wrong ? (
        <span className={styles.wrong} title={wrong}>
          <Icon name="exclamation-triangle" size="sm" /> {wrong}
        </span>
      ) : cohort ? (
        <Tooltip content={<List {...cohort} />} placement="bottom-start" interactive>
          <span tabIndex={0} className={nodes.length > 0 ? styles.nodes : styles.wrong}>
            <b>{counted(cohort.count ?? nodes.length)}</b>
            {nodes.length > 0 && `: ${nodes.join(', ')}`}
          </span>
        </Tooltip>
      ) : (
        <span className={styles.nodes}>{loading ? 'resolving…' : ' '}</span>
      )}
    </div>
  );
}

const counted = (n: number) => (n === 1 ? '1 node' : `${n === 0 ? 'no' : n} nodes`);

/** Most nodes that a list names; a tooltip is no page. */
const most = 50;

function List({ nodes = [], count = nodes.length, query }: Cohort) {
  return (
    <div>
      {nodes.slice(0, most).map((node) => (
        <div key={node}>{node}</div>
      ))}
      {count > most && <div>and {count - most} more</div>}
      {query && <code>{query}</code>}
    </div>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  line: css({
    ...theme.typography.bodySmall,
    height: 22,
    lineHeight: '22px',
    // A list that grows moves nothing beside it.
    width: 448,
    maxWidth: '100%',
    overflow: 'hidden',
    whiteSpace: 'nowrap',
    textOverflow: 'ellipsis',
  }),
  // Not paler: small text that is hard to read already would be too much so.
  stale: css({ fontStyle: 'italic' }),
  nodes: css({ color: theme.colors.text.secondary }),
  wrong: css({ color: theme.colors.error.text }),
});
