import { css } from '@emotion/css';
import { type GrafanaTheme2, type QueryEditorHelpProps } from '@grafana/data';
import { Card, useStyles2 } from '@grafana/ui';
import { describeQuery } from '../queries';
import { type AndonQuery, defaultQuery } from '../types';
import { fill } from '../useEditing';

interface Example {
  title: string;
  says: string;
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
    says: 'Does any pod on v2 fail more of its requests than the pods on v1? A failure in few requests tells less than in many.',
    query: { expr: failures, per: requests, candidate: { version: 'v2' }, control: { version: 'v1' } },
  },
  {
    title: 'Latency against everything older',
    says: 'Is any new pod slower than all pods not yet updated? The table has when it began, and how much.',
    query: { expr: latency, unit: 's', view: 'table', ...canary },
  },
  {
    title: 'CPU against yesterday',
    says: 'Do the same nodes use more CPU than at this hour of the day before?',
    query: {
      expr: 'sum by (instance) (rate(process_cpu_seconds_total[$__rate_interval]))',
      nodeLabel: 'instance',
      cohorts: 'time',
      back: '1d',
    },
  },
  {
    title: 'Throughput since a change',
    says: 'Did the nodes of one service get less done after a change than before it? Here, the panel begins with the change.',
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
    says: 'Which lines does v2 log that v1 never did, and which more often? Needs Loki.',
    query: { queryType: 'clusters', expr: '{service="checkout"}', ...canary },
  },
  {
    title: 'Crashes',
    says: 'Does v2 crash, and where in the code? Needs Loki.',
    query: { queryType: 'crashes', expr: '{service="checkout"}', versionLabel: 'version', ...canary },
  },
  {
    title: 'A verdict without an exporter',
    says: 'Errors and latency together: did v2 make the service worse, by all that was seen?',
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
    says: 'What the exporter has seen and halted. Needs the exporter.',
    query: { queryType: 'rollouts', match: { verdict: 'fail' } },
  },
];

/** Says what can be asked, by examples to start from. */
export function QueryEditorHelp({ onClickExample, query }: QueryEditorHelpProps<AndonQuery>) {
  const styles = useStyles2(getStyles);
  return (
    <div>
      <h2>What can be asked</h2>
      <p>
        A deviation has a series for every candidate node: how many standard deviations of control it lies
        away from control. Above 0 is worse. Whatever returns one series a node will do, as long as the node
        label and the labels that tell candidate from control are kept, as by{' '}
        <code>sum by (pod, version)</code>. Log clusters and crashes are compared the same way.
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
            {example.says}
            <code className={styles.code}>{describeQuery(toQuery(example))}</code>
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

/** An example as a query of its own, shown as it is written. */
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
