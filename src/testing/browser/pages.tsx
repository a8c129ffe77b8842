import { css } from '@emotion/css';
import {
  type DataFrame,
  type DataQueryRequest,
  type DataSourcePlugin,
  type DataSourceSettings,
  dateTime,
  type GrafanaTheme2,
  LoadingState,
  type PanelData,
  type TimeRange,
} from '@grafana/data';
import { Alert, Button, useStyles2 } from '@grafana/ui';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { lastValueFrom } from 'rxjs';
import { type AndonDataSource } from '../../datasource';
import { type AndonOptions, type AndonQuery } from '../../types';
import { Picture } from './picture';
import { settings } from './services';

type Plugin = DataSourcePlugin<AndonDataSource, AndonQuery, AndonOptions>;

interface Props<T> {
  plugin: Plugin;
  initial: T;
}

const hour: TimeRange = (() => {
  const range = { from: dateTime('2026-03-01T11:30:00Z'), to: dateTime('2026-03-01T13:00:00Z') };
  return { ...range, raw: range };
})();

/** Explore: one query, run when it asks to be, and what came back. */
export function Explore({ plugin, initial }: Props<Partial<AndonQuery>>) {
  const styles = useStyles2(getStyles);
  const datasource = useMemo(() => new plugin.DataSourceClass(settings as never), [plugin]);
  const [query, setQuery] = useState<AndonQuery>({
    ...datasource.getDefaultQuery(),
    ...initial,
    refId: 'A',
  } as AndonQuery);
  const [data, setData] = useState<PanelData>({
    state: LoadingState.NotStarted,
    series: [],
    timeRange: hour,
  });
  const newest = useRef(query);

  const run = useCallback(() => {
    const asked = newest.current;
    if (datasource.filterQuery && !datasource.filterQuery(asked)) {
      setData({ state: LoadingState.Done, series: [], timeRange: hour });
      return;
    }
    const request = {
      app: 'explore',
      requestId: 'explore',
      interval: '1m',
      intervalMs: 60_000,
      maxDataPoints: 600,
      range: hour,
      scopedVars: {},
      targets: [asked],
      timezone: 'utc',
      startTime: 0,
    } as DataQueryRequest<AndonQuery>;
    setData((d) => ({ ...d, state: LoadingState.Loading, request }));
    lastValueFrom(datasource.query(request)).then(
      ({ data, errors, error }) =>
        setData({
          state: error || errors?.length ? LoadingState.Error : LoadingState.Done,
          series: data as DataFrame[],
          errors: errors ?? (error ? [error] : undefined),
          request,
          timeRange: hour,
        }),
      (error: Error) =>
        setData({ state: LoadingState.Error, series: [], errors: [error], request, timeRange: hour })
    );
  }, [datasource]);

  useEffect(run, [run]);

  const { QueryEditor, QueryEditorHelp } = plugin.components;
  if (!QueryEditor) {
    return null;
  }
  return (
    <main className={styles.page}>
      <h1 className={styles.title}>Explore</h1>
      <section className={styles.query} aria-label="Query A">
        <header className={styles.header} data-grafana>
          <span>
            A <em>(Andon)</em>
          </span>
          <Button size="sm" icon="sync" onClick={run}>
            Run query
          </Button>
        </header>
        <QueryEditor
          datasource={datasource}
          query={query}
          range={hour}
          data={data}
          app={'explore' as never}
          onChange={(next) => {
            newest.current = next;
            setQuery(next);
          }}
          onRunQuery={run}
        />
      </section>
      {new URLSearchParams(location.search).has('help') && QueryEditorHelp ? (
        <section className={styles.query} aria-label="Help">
          <QueryEditorHelp
            datasource={datasource}
            query={query}
            onClickExample={(next) => {
              newest.current = next as AndonQuery;
              setQuery(next as AndonQuery);
              run();
            }}
          />
        </section>
      ) : null}
      <section className={styles.query} aria-label="Answer" data-state={data.state} data-grafana>
        {data.errors?.map((e, i) => (
          <Alert key={i} severity="error" title={e.message ?? 'error'} />
        ))}
        <Picture data={data} />
      </section>
      <output hidden data-testid="query">
        {JSON.stringify(query)}
      </output>
    </main>
  );
}

/** The settings page: the config editor and Save & test. */
export function Settings({ plugin, initial }: Props<Partial<DataSourceSettings<AndonOptions>>>) {
  const styles = useStyles2(getStyles);
  const [options, setOptions] = useState({
    ...settings,
    secureJsonFields: {},
    secureJsonData: {},
    ...initial,
  } as unknown as DataSourceSettings<AndonOptions>);
  const [health, setHealth] = useState<{
    status: string;
    message: string;
    details?: { verboseMessage?: string };
  }>();
  const { ConfigEditor } = plugin.components;
  if (!ConfigEditor) {
    return null;
  }
  const test = async () => {
    window.asked.push({ method: 'PUT', url: '/api/datasources/uid/andon', body: options });
    const response = await fetch('/api/standin/health', { method: 'POST', body: JSON.stringify(options) });
    setHealth(response.ok ? await response.json() : { status: 'ERROR', message: await response.text() });
  };
  return (
    <main className={styles.page}>
      <h1 className={styles.title}>Andon</h1>
      <ConfigEditor options={options as never} onOptionsChange={setOptions as never} />
      <div className={styles.save} data-grafana>
        <Button onClick={test}>Save &amp; test</Button>
      </div>
      {health && (
        <Alert severity={health.status === 'OK' ? 'success' : 'error'} title={health.message}>
          {health.details?.verboseMessage}
        </Alert>
      )}
      <output hidden data-testid="options">
        {JSON.stringify(options)}
      </output>
    </main>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  page: css({ padding: theme.spacing(2), maxWidth: 1400, margin: '0 auto' }),
  title: css({ ...theme.typography.h3 }),
  query: css({
    background: theme.colors.background.primary,
    border: `1px solid ${theme.colors.border.weak}`,
    borderRadius: theme.shape.radius.default,
    padding: theme.spacing(1),
    marginBottom: theme.spacing(1),
  }),
  header: css({
    display: 'flex',
    justifyContent: 'space-between',
    alignItems: 'center',
    padding: theme.spacing(0.5, 1),
  }),
  save: css({ marginTop: theme.spacing(3), marginBottom: theme.spacing(2) }),
});
