import { type DataSourcePluginOptionsEditorProps } from '@grafana/data';
import { DataSourceDescription } from '@grafana/plugin-ui';
import { Tab, TabContent, TabsBar } from '@grafana/ui';
import { useState } from 'react';
import { type AndonOptions } from '../types';
import { settingsOf, type Upstream } from '../upstream';
import { UpstreamSettings } from './UpstreamSettings';

type Props = DataSourcePluginOptionsEditorProps<AndonOptions>;

const docs = 'https://github.com/andon-project/andon/blob/main/docs/reference/datasource.md';

const upstreams: Array<{ name: Upstream; title: string; description: string; url: string }> = [
  {
    name: 'prometheus',
    title: 'Prometheus',
    description:
      'Prometheus, Mimir, Thanos or VictoriaMetrics: any server that answers PromQL over HTTP. Deviations and verdicts on metrics need nothing else.',
    url: 'http://localhost:9090',
  },
  {
    name: 'loki',
    title: 'Loki',
    description: 'Optional. Log clusters and crashes are read from its log lines.',
    url: 'http://localhost:3100',
  },
  {
    name: 'exporter',
    title: 'Exporter',
    description: 'Optional. The address of andon serve, which knows your rollouts and keeps feedback.',
    url: 'http://localhost:9415',
  },
];

/** The settings page: the addresses of Prometheus, Loki and the exporter, and how each is asked. */
export function ConfigEditor(props: Props) {
  const [shown, setShown] = useState<Upstream>('prometheus');
  return (
    <>
      <DataSourceDescription dataSourceName="Andon" docsLink={docs} hasRequiredFields />
      <TabsBar>
        {upstreams.map(({ name, title }) => (
          <Tab
            key={name}
            label={title}
            active={name === shown}
            icon={settingsOf(props.options, name).url ? 'check' : undefined}
            onChangeTab={() => setShown(name)}
          />
        ))}
      </TabsBar>
      <TabContent>
        {upstreams
          .filter(({ name }) => name === shown)
          .map(({ name, title, description, url }) => (
            <UpstreamSettings
              key={name}
              {...props}
              name={name}
              title={title}
              description={description}
              urlPlaceholder={url}
            />
          ))}
      </TabContent>
    </>
  );
}
