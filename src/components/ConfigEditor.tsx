import { type DataSourcePluginOptionsEditorProps } from '@grafana/data';
import {
  AdvancedHttpSettings,
  Auth,
  ConfigSection,
  ConnectionSettings,
  convertLegacyAuthProps,
  DataSourceDescription,
} from '@grafana/plugin-ui';
import { Divider, Field, Input } from '@grafana/ui';
import { type AndonOptions } from '../types';

type Props = DataSourcePluginOptionsEditorProps<AndonOptions>;

const docs = 'https://github.com/andon-project/andon/blob/main/docs/datasource.md';

/** Where Prometheus is, and how to ask it. */
export function ConfigEditor({ options, onOptionsChange }: Props) {
  return (
    <>
      <DataSourceDescription dataSourceName="Andon" docsLink={docs} hasRequiredFields />
      <Divider />
      <ConnectionSettings
        config={options}
        onChange={onOptionsChange}
        urlLabel="Prometheus URL"
        urlPlaceholder="http://localhost:9090"
        urlTooltip="Prometheus, Mimir, Thanos or VictoriaMetrics: whatever answers PromQL over HTTP"
      />
      <Divider />
      <Auth {...convertLegacyAuthProps({ config: options, onChange: onOptionsChange })} />
      <Divider />
      <AndonSettings options={options} onOptionsChange={onOptionsChange} />
      <Divider />
      <ConfigSection title="Advanced settings" isCollapsible isInitiallyOpen={false}>
        <AdvancedHttpSettings config={options} onChange={onOptionsChange} />
      </ConfigSection>
    </>
  );
}

function AndonSettings({ options, onOptionsChange }: Props) {
  const { jsonData, readOnly } = options;
  const set = (change: Partial<AndonOptions>) =>
    onOptionsChange({ ...options, jsonData: { ...jsonData, ...change } });
  return (
    <ConfigSection title="Andon">
      <Field
        label="Scrape interval"
        description="How often Prometheus scrapes. $__rate_interval is made from it. 15s if empty."
        htmlFor="andon-time-interval"
      >
        <Input
          id="andon-time-interval"
          data-testid="andon-time-interval"
          width={40}
          value={jsonData.timeInterval ?? ''}
          placeholder="15s"
          readOnly={readOnly}
          onChange={(e) => set({ timeInterval: e.currentTarget.value.trim() || undefined })}
        />
      </Field>
      <Field
        label="Exporter URL"
        description="Where the companion exporter, andon serve, listens. Optional: the health check then asks it too."
        htmlFor="andon-exporter-url"
      >
        <Input
          id="andon-exporter-url"
          data-testid="andon-exporter-url"
          type="url"
          width={40}
          value={jsonData.exporterUrl ?? ''}
          placeholder="http://localhost:9415"
          readOnly={readOnly}
          onChange={(e) => set({ exporterUrl: e.currentTarget.value.trim() || undefined })}
        />
      </Field>
    </ConfigSection>
  );
}
