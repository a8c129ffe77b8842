import { useState } from 'react';
import { fireEvent, render, screen } from '@testing-library/react';
import { type DataSourceSettings } from '@grafana/data';
import { type AndonOptions } from '../types';
import { ConfigEditor } from './ConfigEditor';

jest.mock('@grafana/runtime', () => ({
  ...jest.requireActual('@grafana/runtime'),
  DataSourcePicker: () => null,
}));

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
  fireEvent.change(screen.getByLabelText(label, { selector: 'input' }), { target: { value: text } });
const open = (tab: string) => fireEvent.click(screen.getByRole('tab', { name: tab }));
const more = () => fireEvent.click(screen.getByLabelText(/Expand section Additional settings/));

it('sets where Prometheus is', () => {
  const latest = show();
  write(/Prometheus URL/, 'http://prometheus:9090');
  expect(latest()?.url).toBe('http://prometheus:9090');
});

it('sets where the others are and keeps what there is', () => {
  const latest = show({ url: 'http://p', jsonData: { tlsSkipVerify: true } as AndonOptions });
  open('Loki');
  write(/Loki URL/, 'http://loki:3100');
  open('Exporter');
  write(/Exporter URL/, 'http://andon:9415');
  expect(latest()).toMatchObject({
    url: 'http://p',
    jsonData: { tlsSkipVerify: true, lokiUrl: 'http://loki:3100', exporterUrl: 'http://andon:9415' },
  });
});

it('keeps the secrets of one from the others', () => {
  const latest = show({
    basicAuth: true,
    basicAuthUser: 'p',
    jsonData: { lokiUrl: 'http://loki', loki: { basicAuth: true, basicAuthUser: 'l' } },
  });
  open('Loki');
  expect(screen.getByLabelText(/User/)).toHaveValue('l');
  write(/Password/, 'secret');
  expect(latest()).toMatchObject({
    basicAuthUser: 'p',
    jsonData: { loki: { basicAuthUser: 'l' } },
    secureJsonData: { lokiBasicAuthPassword: 'secret' },
  });
});

it('takes a scrape interval, and leaves it out when it is emptied, so that the default holds', () => {
  const latest = show();
  more();
  write(/Scrape interval/, ' 30s ');
  expect(latest()?.jsonData.timeInterval).toBe('30s');
  write(/Scrape interval/, '');
  expect(latest()?.jsonData.timeInterval).toBeUndefined();
});

it('changes nothing that was provisioned', () => {
  show({ readOnly: true, jsonData: { lokiUrl: 'http://loki' } });
  more();
  expect(screen.getByLabelText(/Scrape interval/)).toHaveAttribute('readonly');
  open('Loki');
  expect(screen.getByLabelText(/Loki URL/)).toBeDisabled();
});
