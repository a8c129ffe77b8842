import { css, cx } from '@emotion/css';
import { type GrafanaTheme2, type TimeRange } from '@grafana/data';
import { Icon, Tooltip, useStyles2 } from '@grafana/ui';
import { type AndonDataSource } from '../datasource';
import { isRunnable } from '../queries';
import { type AndonQuery, type CohortNodes, defaultQuery } from '../types';
import { type Answer, useAnswer } from '../useAnswer';

/** How long after the last key the nodes are looked up, in milliseconds. */
const lookUpDelay = 400;

export type CohortsAnswer = Answer<{ candidate: CohortNodes; control: CohortNodes }>;

/** Looks up the nodes of candidate and control while a query is written. */
export function useCohorts(datasource: AndonDataSource, query: AndonQuery, range?: TimeRange): CohortsAnswer {
  const { cohorts, candidate, control, back, since } = { ...defaultQuery, ...query };
  const complete =
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
  const ready = complete && isRunnable(query);
  return useAnswer(() => datasource.cohorts(query, range), ready ? key : '', lookUpDelay);
}

interface Props {
  /** The name of the side, for people. */
  name: string;
  cohorts: CohortsAnswer;
  side: 'candidate' | 'control';
}

/** The nodes of one side, on a line that has its place before they are known. */
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
        <span className={styles.nodes}>{loading ? 'looking up nodes…' : ' '}</span>
      )}
    </div>
  );
}

const counted = (n: number) => (n === 1 ? '1 node' : `${n === 0 ? 'no' : n} nodes`);

/** How many nodes the tooltip names. */
const maxNodes = 50;

function List({ nodes = [], count = nodes.length, query }: CohortNodes) {
  return (
    <div>
      {nodes.slice(0, maxNodes).map((node) => (
        <div key={node}>{node}</div>
      ))}
      {count > maxNodes && <div>and {count - maxNodes} more</div>}
      {query && <code>{query}</code>}
    </div>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  line: css({
    ...theme.typography.bodySmall,
    height: 22,
    lineHeight: '22px',
    // A fixed width, so that a longer list moves nothing.
    width: 448,
    maxWidth: '100%',
    overflow: 'hidden',
    whiteSpace: 'nowrap',
    textOverflow: 'ellipsis',
  }),
  // Not paler: small text would be hard to read.
  stale: css({ fontStyle: 'italic' }),
  nodes: css({ color: theme.colors.text.secondary }),
  wrong: css({ color: theme.colors.error.text }),
});
