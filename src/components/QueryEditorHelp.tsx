import { css } from '@emotion/css';
import { type GrafanaTheme2, type QueryEditorHelpProps } from '@grafana/data';
import { Card, useStyles2 } from '@grafana/ui';
import { describeSelector } from '../selector';
import { type AndonQuery, defaultQuery } from '../types';

interface Example {
  title: string;
  says: string;
  query: Partial<AndonQuery>;
}

export const examples: Example[] = [
  {
    title: 'Errors of a canary',
    says: 'Does any pod on v2 fail more of its requests than the pods on v1? A failure in few requests tells less than in many.',
    query: {
      expr: 'sum by (pod, version) (rate(http_requests_total{code=~"5.."}[$__rate_interval]))',
      per: 'sum by (pod, version) (rate(http_requests_total[$__rate_interval]))',
      candidate: { version: 'v2' },
      control: { version: 'v1' },
    },
  },
  {
    title: 'Latency against everything older',
    says: 'Is the 95th percentile of any new pod higher than that of all pods not yet updated?',
    query: {
      expr: 'histogram_quantile(0.95, sum by (pod, version, le) (rate(http_request_duration_seconds_bucket[$__rate_interval])))',
      unit: 's',
      candidate: { version: 'v2' },
      control: { version: '!=v2' },
    },
  },
  {
    title: 'CPU against yesterday',
    says: 'Do the same nodes use more CPU than at this hour of the day before?',
    query: {
      expr: 'sum by (instance) (rate(node_cpu_seconds_total{mode!="idle"}[$__rate_interval]))',
      nodeLabel: 'instance',
      cohorts: 'time',
      back: '1d',
      worse: 'higher',
    },
  },
  {
    title: 'Throughput since a change',
    says: 'Did the nodes of one service get less done after a configuration change than before it? Here, the panel begins with the change.',
    query: {
      expr: 'sum by (pod, service) (rate(jobs_done_total[$__rate_interval]))',
      cohorts: 'time',
      candidate: { service: 'worker' },
      since: '${__from:date:iso}',
      worse: 'lower',
    },
  },
];

/** Says what can be asked, by examples to start from. */
export function QueryEditorHelp({ onClickExample, query }: QueryEditorHelpProps<AndonQuery>) {
  const styles = useStyles2(getStyles);
  return (
    <div>
      <h2>How far do nodes on a new version stray?</h2>
      <p>
        A query returns a series for every candidate node: how many standard deviations of control it lies
        away from control. Above 0 is worse. Whatever returns one series a node will do, as long as the node
        label and the labels that tell candidate from control are kept, as by{' '}
        <code>sum by (pod, version)</code>.
      </p>
      {examples.map((example) => (
        <Card
          key={example.title}
          noMargin
          className={styles.card}
          onClick={() => onClickExample({ ...defaultQuery, ...example.query, refId: query?.refId ?? 'A' })}
        >
          <Card.Heading>{example.title}</Card.Heading>
          <Card.Description>
            {example.says}
            <code className={styles.code}>{example.query.expr}</code>
            <span>{cohortsOf(example.query)}</span>
          </Card.Description>
        </Card>
      ))}
      <h3 className={styles.heading}>Variables</h3>
      <p>
        <code>$__interval</code>, <code>$__rate_interval</code> and <code>$__range</code> work as they do for
        Prometheus, in alert rules too. Dashboard variables may stand in every field; one with several values
        turns a label&apos;s <code>=</code> into <code>=~</code>. Alert rules know no dashboard variables.
      </p>
    </div>
  );
}

function cohortsOf({ cohorts, candidate, control, back, since }: Partial<AndonQuery>): string {
  if (cohorts !== 'time') {
    return `candidate ${describeSelector(candidate)}, control ${describeSelector(control)}`;
  }
  const nodes = candidate ? `nodes ${describeSelector(candidate)}` : 'all nodes';
  return back ? `${nodes}, control ${back} earlier` : `${nodes}, before and after ${since}`;
}

const getStyles = (theme: GrafanaTheme2) => ({
  heading: css({ marginTop: theme.spacing(2) }),
  card: css({ marginBottom: theme.spacing(1) }),
  code: css({
    display: 'block',
    margin: theme.spacing(0.5, 0),
    whiteSpace: 'pre-wrap',
    wordBreak: 'break-word',
  }),
});
