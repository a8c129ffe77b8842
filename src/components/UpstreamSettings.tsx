import { css } from '@emotion/css';
import { type DataSourcePluginOptionsEditorProps, type GrafanaTheme2 } from '@grafana/data';
import {
  AdvancedHttpSettings,
  Auth,
  AuthMethod,
  ConfigSection,
  ConnectionSettings,
  convertLegacyAuthProps,
} from '@grafana/plugin-ui';
import { DataSourcePicker } from '@grafana/runtime';
import { Divider, Field, InlineField, Input, Stack, useStyles2 } from '@grafana/ui';
import { type AndonOptions } from '../types';
import { settingsOf, type HttpSettings, type Upstream, withSettings } from '../upstream';

type EditorProps = DataSourcePluginOptionsEditorProps<AndonOptions>;

interface Props extends EditorProps {
  name: Upstream;
  title: string;
  description: string;
  urlPlaceholder: string;
}

const proxied =
  "You can also use another data source through Grafana's proxy: https://grafana.example.org/api/datasources/proxy/uid/<uid>, with a service account token in the header Authorization";

/** The address of one upstream, and how it is asked. */
export function UpstreamSettings({ name, title, description, urlPlaceholder, ...props }: Props) {
  const styles = useStyles2(getStyles);
  const config = settingsOf(props.options, name);
  const onChange = (next: HttpSettings) => props.onOptionsChange(withSettings(props.options, name, next));
  const url = { urlLabel: `${title} URL`, urlPlaceholder, urlTooltip: proxied };
  return (
    <>
      <p className={styles.description}>{description}</p>
      {name === 'prometheus' ? (
        <ConnectionSettings config={config} onChange={onChange} {...url} />
      ) : (
        <OptionalConnection name={name} config={config} onChange={onChange} {...url} />
      )}
      <Divider />
      <Auth
        {...convertLegacyAuthProps({ config, onChange })}
        visibleMethods={[AuthMethod.NoAuth, AuthMethod.BasicAuth, AuthMethod.OAuthForward]}
      />
      <Divider />
      <ConfigSection title="Additional settings" isCollapsible isInitiallyOpen={false}>
        <Stack direction="column" gap={2}>
          {name === 'prometheus' && <ScrapeInterval {...props} />}
          {name !== 'exporter' && <SameDataSource {...props} name={name} title={title} />}
          <AdvancedHttpSettings config={config} onChange={onChange} />
        </Stack>
      </ConfigSection>
    </>
  );
}

interface ConnectionProps {
  name: Upstream;
  config: HttpSettings;
  onChange(config: HttpSettings): void;
  urlLabel: string;
  urlPlaceholder: string;
  urlTooltip: string;
}

/** Like ConnectionSettings, but the URL may be empty. */
function OptionalConnection({ name, config, onChange, ...url }: ConnectionProps) {
  const styles = useStyles2(getStyles);
  const wrong = Boolean(config.url) && !/^https?:\/\/.+/.test(config.url);
  return (
    <ConfigSection title="Connection" className={styles.connection}>
      <InlineField
        htmlFor={`andon-${name}-url`}
        label={url.urlLabel}
        labelWidth={24}
        tooltip={url.urlTooltip}
        interactive
        grow
        disabled={config.readOnly}
        invalid={wrong}
        error={wrong && 'Please enter a valid URL'}
      >
        <Input
          id={`andon-${name}-url`}
          value={config.url}
          placeholder={url.urlPlaceholder}
          onChange={(e) => onChange({ ...config, url: e.currentTarget.value.trim() })}
        />
      </InlineField>
    </ConfigSection>
  );
}

function ScrapeInterval({ options, onOptionsChange }: EditorProps) {
  const { jsonData, readOnly } = options;
  return (
    <Field
      label="Scrape interval"
      description="How often Prometheus scrapes. $__rate_interval depends on it. Empty: 15s."
      htmlFor="andon-time-interval"
      noMargin
    >
      <Input
        id="andon-time-interval"
        data-testid="andon-time-interval"
        width={40}
        value={jsonData.timeInterval ?? ''}
        placeholder="15s"
        readOnly={readOnly}
        onChange={(e) =>
          onOptionsChange({
            ...options,
            jsonData: { ...jsonData, timeInterval: e.currentTarget.value.trim() || undefined },
          })
        }
      />
    </Field>
  );
}

const uidField = { prometheus: 'prometheusUid', loki: 'lokiUid' } as const;

interface SameProps extends EditorProps {
  name: keyof typeof uidField;
  title: string;
}

/** The user's own data source for an upstream, to which answers link. */
function SameDataSource({ name, title, options, onOptionsChange }: SameProps) {
  const field = uidField[name];
  const set = (uid?: string) =>
    onOptionsChange({ ...options, jsonData: { ...options.jsonData, [field]: uid } });
  return (
    <Field
      label={`${title} data source for links`}
      description="Answers link to their query in Explore, with this data source."
      htmlFor={`andon-${field}`}
      disabled={options.readOnly}
      noMargin
    >
      <DataSourcePicker
        inputId={`andon-${field}`}
        type={name}
        noDefault
        width={40}
        current={options.jsonData[field] ?? null}
        placeholder="None"
        onChange={({ uid }) => set(uid)}
        onClear={() => set(undefined)}
      />
    </Field>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  connection: css({ maxWidth: 578 }),
  description: css({ color: theme.colors.text.secondary, margin: theme.spacing(2, 0) }),
});
