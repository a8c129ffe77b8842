import {
  applyFieldOverrides,
  type DataFrame,
  type FieldConfigSource,
  FieldType,
  formattedValueToString,
  getDisplayProcessor,
  type GrafanaTheme2,
  type PanelData,
} from '@grafana/data';
import { css } from '@emotion/css';
import { LegendDisplayMode } from '@grafana/schema';
import { TimeSeries, useStyles2, useTheme2 } from '@grafana/ui';

const plain: FieldConfigSource = { defaults: {}, overrides: [] };

/** What came back, much as Explore shows it: time series drawn, all else as tables. */
export function Picture({ data }: { data: PanelData }) {
  const theme = useTheme2();
  const frames = applyFieldOverrides({
    data: data.series,
    fieldConfig: plain,
    theme,
    replaceVariables: (s) => s,
    timeZone: 'utc',
  });
  const series = frames.filter(isSeries);
  const tables = frames.filter((f) => !isSeries(f) && f.fields.length > 0);
  return (
    <>
      {series.length > 0 && (
        <TimeSeries
          frames={series}
          structureRev={1}
          width={1320}
          height={260}
          timeRange={data.timeRange}
          timeZone="utc"
          legend={{ showLegend: true, displayMode: LegendDisplayMode.List, placement: 'bottom', calcs: [] }}
        />
      )}
      {tables.map((frame, i) => (
        <Rows key={i} frame={frame} />
      ))}
    </>
  );
}

function isSeries(frame: DataFrame): boolean {
  return frame.meta?.type?.startsWith('timeseries') ?? frame.fields[0]?.type === FieldType.time;
}

const most = 8;

function Rows({ frame }: { frame: DataFrame }) {
  const styles = useStyles2(getStyles);
  const theme = useTheme2();
  const shown = frame.fields.map((field) => ({
    field,
    display: getDisplayProcessor({ field, theme, timeZone: 'utc' }),
  }));
  return (
    <div className={styles.scroll}>
      <table className={styles.table}>
        <thead>
          <tr>
            {shown.map(({ field }) => (
              <th key={field.name}>{field.name}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {Array.from({ length: Math.min(frame.length, most) }, (_, row) => (
            <tr key={row}>
              {shown.map(({ field, display }) => {
                const value = display(field.values[row]);
                return (
                  <td
                    key={field.name}
                    style={field.config.mappings?.length ? { color: value.color } : undefined}
                  >
                    {field.values[row] == null ? '' : formattedValueToString(value)}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  scroll: css({ overflowX: 'auto' }),
  table: css({
    fontSize: theme.typography.bodySmall.fontSize,
    width: '100%',
    'th, td': {
      padding: theme.spacing(0.5, 1),
      borderBottom: `1px solid ${theme.colors.border.weak}`,
      whiteSpace: 'nowrap',
      maxWidth: 320,
      overflow: 'hidden',
      textOverflow: 'ellipsis',
    },
    th: { color: theme.colors.text.link, textAlign: 'left' },
  }),
});
