import {
  applyFieldOverrides,
  type DataFrame,
  type FieldConfigSource,
  FieldType,
  type PanelData,
} from '@grafana/data';
import { LegendDisplayMode } from '@grafana/schema';
import { Table, TimeSeries, useTheme2 } from '@grafana/ui';

const plain: FieldConfigSource = { defaults: {}, overrides: [] };

/** What came back, as Explore shows it: time series drawn, all else as tables. */
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
        <Table key={i} data={frame} width={1320} height={240} ariaLabel={frame.name ?? 'table'} />
      ))}
    </>
  );
}

function isSeries(frame: DataFrame): boolean {
  return frame.meta?.type?.startsWith('timeseries') ?? frame.fields[0]?.type === FieldType.time;
}
