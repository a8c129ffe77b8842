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
 * A service and one of its signals, of those that are configured at the exporter or were found. A query that asks
 * for nothing yet starts with the first of them.
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
    // Only what there is to start from starts anything, and only while nothing is asked.
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
      <EditorField label="Service" tooltip="What the exporter is configured with, and what was found">
        <Combobox
          id={`${id}-service`}
          width={32}
          loading={loading}
          placeholder={
            loading ? 'Looking…' : query.signals ? 'Signals as below' : none ? 'None found' : 'Pick a service'
          }
          options={services.map((s) => ({ value: s.name, description: describeService(s) }))}
          value={query.service ?? service?.name ?? null}
          onChange={({ value }) => pick(value)}
        />
      </EditorField>
      {withSignal && (
        <EditorField label="Signal" tooltip="What of the service is compared">
          <Combobox
            id={`${id}-signal`}
            width={32}
            disabled={!service}
            placeholder={query.expr ? 'As written' : 'Pick a signal'}
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
        <EditorField label="Asks">
          <code className={styles.asks} title={query.expr} data-testid={`${id}-asks`}>
            {query.expr || (none ? nothing(error) : ' ')}
          </code>
        </EditorField>
      )}
    </>
  );
}

const nothing = (error?: string) =>
  error
    ? `services cannot be listed: ${error}`
    : 'no service with a version label was found: write the query as code';

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
