import { type DataSourcePluginOptionsEditorProps } from '@grafana/data';
import { DataSourceDescription } from '@grafana/plugin-ui';
import { Tab, TabContent, TabsBar } from '@grafana/ui';
import { useState } from 'react';
import { type AndonOptions } from '../types';
import { settingsOf, type Upstream } from '../upstream';
import { UpstreamSettings } from './UpstreamSettings';

type Props = DataSourcePluginOptionsEditorProps<AndonOptions>;

const docs = 'https://github.com/andon-project/andon/blob/main/docs/reference/datasource.md';

const upstreams: Array<{ name: Upstream; title: string; says: string; url: string }> = [
  {
    name: 'prometheus',
    title: 'Prometheus',
    says: 'Prometheus, Mimir, Thanos or VictoriaMetrics: whatever answers PromQL over HTTP. It is all that deviations and verdicts need.',
    url: 'http://localhost:9090',
  },
  {
    name: 'loki',
    title: 'Loki',
    says: 'Optional. Log clusters and crashes come from its lines.',
    url: 'http://localhost:3100',
  },
  {
    name: 'exporter',
    title: 'Exporter',
    says: 'Optional. Where andon serve listens: it knows rollouts, and keeps feedback and what was learnt.',
    url: 'http://localhost:9415',
  },
];

/** Where Prometheus, Loki and the exporter are, and how each is asked. */
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
          .map(({ name, title, says, url }) => (
            <UpstreamSettings
              key={name}
              {...props}
              name={name}
              title={title}
              says={says}
              urlPlaceholder={url}
            />
          ))}
      </TabContent>
    </>
  );
}
