import { css } from '@emotion/css';
import { type GrafanaTheme2, type QueryEditorHelpProps } from '@grafana/data';
import { Card, useStyles2 } from '@grafana/ui';
import { describeQuery } from '../queries';
import { type AndonQuery, defaultQuery } from '../types';
import { fill } from '../useEditing';

interface Example {
  title: string;
  description: string;
  query: Partial<AndonQuery>;
}

const requests = 'sum by (pod, version) (rate(http_requests_total[$__rate_interval]))';
const failures = 'sum by (pod, version) (rate(http_requests_total{code=~"5.."}[$__rate_interval]))';
const latency =
  'sum by (pod, version) (rate(http_request_duration_seconds_sum[$__rate_interval])) / sum by (pod, version) (rate(http_request_duration_seconds_count[$__rate_interval]))';
const canary = { candidate: { version: 'v2' }, control: { version: '!=v2' } };

export const examples: Example[] = [
  {
    title: 'Errors of a canary',
    description:
      'Does any pod on v2 fail more of its requests than the pods on v1? Failures out of few requests prove less than out of many.',
    query: { expr: failures, per: requests, candidate: { version: 'v2' }, control: { version: 'v1' } },
  },
  {
    title: 'Latency against everything older',
    description:
      'Is any new pod slower than the pods not yet updated? The table says when it began and by how much.',
    query: { expr: latency, unit: 's', view: 'table', ...canary },
  },
  {
    title: 'CPU against yesterday',
    description: 'Do the same nodes use more CPU than at this hour yesterday?',
    query: {
      expr: 'sum by (instance) (rate(process_cpu_seconds_total[$__rate_interval]))',
      nodeLabel: 'instance',
      cohorts: 'time',
      back: '1d',
    },
  },
  {
    title: 'Throughput since a change',
    description:
      'Did the nodes of one service get less done after a change than before? Here the change is at the start of the time range.',
    query: {
      expr: 'sum by (pod, service) (rate(http_requests_total[$__rate_interval]))',
      cohorts: 'time',
      candidate: { service: 'checkout' },
      since: '${__from:date:iso}',
      worse: 'lower',
    },
  },
  {
    title: 'New log lines',
    description: 'Which lines does v2 log that v1 never did, and which more often? Needs Loki.',
    query: { queryType: 'clusters', expr: '{service="checkout"}', ...canary },
  },
  {
    title: 'Crashes',
    description: 'Does v2 crash, and where in the code? Needs Loki.',
    query: { queryType: 'crashes', expr: '{service="checkout"}', versionLabel: 'version', ...canary },
  },
  {
    title: 'A verdict without an exporter',
    description: 'Did v2 make the service worse? One verdict from errors and latency.',
    query: {
      queryType: 'verdict',
      signals: [
        { name: 'errors', metric: failures, per: requests },
        { name: 'latency', metric: latency, unit: 's' },
      ],
      ...canary,
    },
  },
  {
    title: 'Rollouts that failed',
    description: 'Rollouts with the verdict fail. Needs the exporter.',
    query: { queryType: 'rollouts', match: { verdict: 'fail' } },
  },
];

/** The help of the query editor: examples to start from. */
export function QueryEditorHelp({ onClickExample, query }: QueryEditorHelpProps<AndonQuery>) {
  const styles = useStyles2(getStyles);
  return (
    <div>
      <h2>What you can ask</h2>
      <p>
        A deviation query draws one series for each candidate node: how many standard deviations it is from
        the control nodes. Above 0 is worse. Any query will do that returns one series for each node and keeps
        the node label and the labels that pick candidate and control, as <code>sum by (pod, version)</code>{' '}
        does. Log clusters and crashes are compared the same way.
      </p>
      {examples.map((example) => (
        <Card
          key={example.title}
          noMargin
          className={styles.card}
          onClick={() => onClickExample(toQuery(example, query?.refId))}
        >
          <Card.Heading>{example.title}</Card.Heading>
          <Card.Description>
            {example.description}
            <code className={styles.code}>{describeQuery(toQuery(example))}</code>
          </Card.Description>
        </Card>
      ))}
      <h3 className={styles.heading}>Variables</h3>
      <p>
        <code>$__interval</code>, <code>$__rate_interval</code> and <code>$__range</code> work as they do for
        Prometheus, also in alert rules. Dashboard variables work in every field; one with several values
        turns the <code>=</code> of a label into <code>=~</code>. Alert rules have no dashboard variables.
      </p>
    </div>
  );
}

/** An example as a complete query, shown as code. */
function toQuery({ query }: Example, refId = 'A'): AndonQuery {
  return fill({ ...defaultQuery, view: undefined, legend: undefined, editor: 'code', ...query, refId });
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
