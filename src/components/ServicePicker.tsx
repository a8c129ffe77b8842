import { css } from '@emotion/css';
import { type GrafanaTheme2, type TimeRange } from '@grafana/data';
import { EditorField } from '@grafana/plugin-ui';
import { Combobox, useStyles2 } from '@grafana/ui';
import { useEffect } from 'react';
import { type AndonDataSource } from '../datasource';
import { describeCohorts } from '../queries';
import {
  type KnownService,
  picked,
  pickService,
  pickSignal,
  servicesFor,
  signalsFor,
  startOf,
} from '../services';
import { type Editing } from '../useEditing';
import { useServices } from '../useServices';

interface Props {
  datasource: AndonDataSource;
  editing: Editing;
  id: string;
  range?: TimeRange;
}

/**
 * A service and one of its signals, from the exporter's configuration or found. An empty query starts with the first
 * service.
 */
export function ServicePicker({ datasource, editing, id, range }: Props) {
  const styles = useStyles2(getStyles);
  const { query, set } = editing;
  const { value: all = [], loading, error } = useServices(datasource, range);
  const services = servicesFor(query.queryType, all);
  const { service, signal } = picked(query, all);
  const withSignal = query.queryType !== 'verdict';

  const start = startOf(query, all);
  useEffect(() => {
    if (start) {
      set(pickService(query, start));
    }
    // Only another service to start from may start anything.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [start?.name, query.queryType]);

  const pick = (name: string) => {
    const next = services.find((s) => s.name === name);
    if (next) {
      set(pickService(query, next));
    }
  };
  const none = !loading && services.length === 0;
  return (
    <>
      <EditorField
        label="Service"
        tooltip="Services of the exporter's configuration, and services found in Prometheus and Loki"
      >
        <Combobox
          id={`${id}-service`}
          width={32}
          loading={loading}
          placeholder={
            loading ? 'Loading…' : query.signals ? 'Signals below' : none ? 'None found' : 'Pick a service'
          }
          options={services.map((s) => ({ value: s.name, description: describeService(s) }))}
          value={query.service ?? service?.name ?? null}
          onChange={({ value }) => pick(value)}
        />
      </EditorField>
      {withSignal && (
        <EditorField label="Signal" tooltip="The signal to compare">
          <Combobox
            id={`${id}-signal`}
            width={32}
            disabled={!service}
            placeholder={query.expr ? 'Your own query' : 'Pick a signal'}
            options={signalsFor(query.queryType, service).map((s) => ({ value: s.name }))}
            value={signal?.name ?? null}
            onChange={({ value }) => {
              const next = signalsFor(query.queryType, service).find((s) => s.name === value);
              if (next) {
                set(pickSignal(query, next));
              }
            }}
          />
        </EditorField>
      )}
      {withSignal && (
        <EditorField label="Query">
          <code className={styles.asks} title={query.expr} data-testid={`${id}-asks`}>
            {query.expr || (none ? noService(error) : ' ')}
          </code>
        </EditorField>
      )}
    </>
  );
}

const noService = (error?: string) =>
  error ? `services could not be listed: ${error}` : 'no service found: switch to Code and write a query';

function describeService(s: KnownService): string {
  return [s.configured && 'configured', s.cohorts && describeCohorts(s)].filter(Boolean).join(' · ');
}

const getStyles = (theme: GrafanaTheme2) => ({
  asks: css({
    display: 'block',
    maxWidth: 560,
    height: theme.spacing(4),
    lineHeight: theme.spacing(4),
    padding: theme.spacing(0, 1),
    overflow: 'hidden',
    whiteSpace: 'nowrap',
    textOverflow: 'ellipsis',
  }),
});
