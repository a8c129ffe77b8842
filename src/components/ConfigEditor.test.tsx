import { useState } from 'react';
import { fireEvent, render, screen } from '@testing-library/react';
import { type DataSourceSettings } from '@grafana/data';
import { type AndonOptions } from '../types';
import { ConfigEditor } from './ConfigEditor';

type Settings = DataSourceSettings<AndonOptions>;

function show(change: Partial<Settings> = {}) {
  const onChange = jest.fn<void, [Settings]>();
  const initial = { url: '', jsonData: {}, secureJsonFields: {}, readOnly: false, ...change } as Settings;
  function Page() {
    const [options, setOptions] = useState(initial);
    return (
      <ConfigEditor
        options={options}
        onOptionsChange={(next) => {
          setOptions(next);
          onChange(next);
        }}
      />
    );
  }
  render(<Page />);
  return () => onChange.mock.lastCall?.[0];
}

const write = (label: RegExp, text: string) =>
  fireEvent.change(screen.getByLabelText(label), { target: { value: text } });

it('sets where Prometheus is', () => {
  const latest = show();
  write(/Prometheus URL/, 'http://prometheus:9090');
  expect(latest()?.url).toBe('http://prometheus:9090');
});

it('sets its own fields and keeps the others', () => {
  const latest = show({ jsonData: { tlsSkipVerify: true } as AndonOptions });
  write(/Scrape interval/, ' 30s ');
  write(/Exporter URL/, 'http://andon:9415');
  expect(latest()?.jsonData).toEqual({
    tlsSkipVerify: true,
    timeInterval: '30s',
    exporterUrl: 'http://andon:9415',
  });
});

it('leaves out a field that is emptied, so that the default holds', () => {
  const latest = show({ jsonData: { timeInterval: '30s' } });
  write(/Scrape interval/, '');
  expect(latest()?.jsonData.timeInterval).toBeUndefined();
});

it('changes nothing that was provisioned', () => {
  show({ readOnly: true });
  expect(screen.getByLabelText(/Scrape interval/)).toHaveAttribute('readonly');
  expect(screen.getByLabelText(/Exporter URL/)).toHaveAttribute('readonly');
});
