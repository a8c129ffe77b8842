import { type DataSourceSettings } from '@grafana/data';
import { type AndonOptions } from './types';
import { settingsOf, type Upstream, withSettings } from './upstream';

type Own = DataSourceSettings<AndonOptions>;

const own = {
  url: 'http://prometheus',
  basicAuth: true,
  basicAuthUser: 'p',
  jsonData: {
    tlsAuth: true,
    lokiUrl: 'http://loki',
    loki: { basicAuth: true, basicAuthUser: 'l', httpHeaderName1: 'X-Scope-OrgID' },
    exporterUrl: 'http://andon',
  },
  secureJsonData: { basicAuthPassword: 'secret of prometheus', lokiBasicAuthPassword: 'secret of loki' },
  secureJsonFields: { lokiHttpHeaderValue1: true, exporterTlsCACert: true, tlsClientKey: true },
} as unknown as Own;

it('one upstream looks as if it were alone', () => {
  expect(settingsOf(own, 'loki')).toMatchObject({
    url: 'http://loki',
    basicAuth: true,
    basicAuthUser: 'l',
    jsonData: { httpHeaderName1: 'X-Scope-OrgID' },
  });
  expect(settingsOf(own, 'loki').secureJsonData).toEqual({ basicAuthPassword: 'secret of loki' });
  expect(settingsOf(own, 'loki').secureJsonFields).toEqual({ httpHeaderValue1: true });
  expect(settingsOf(own, 'exporter')).toMatchObject({
    url: 'http://andon',
    basicAuth: false,
    basicAuthUser: '',
  });
  expect(settingsOf(own, 'exporter').secureJsonFields).toEqual({ tlsCACert: true });
});

it.each<Upstream>(['prometheus', 'loki', 'exporter'])('what is seen of %s is put back as it was', (name) => {
  expect(withSettings(own, name, settingsOf(own, name))).toEqual(own);
});

it('what is changed for one is changed for no other', () => {
  const next = withSettings(own, 'exporter', {
    ...settingsOf(own, 'exporter'),
    basicAuth: true,
    basicAuthUser: 'e',
    secureJsonData: { basicAuthPassword: 'secret of the exporter' },
  });
  expect(next).toMatchObject({ ...own, jsonData: { exporter: { basicAuth: true, basicAuthUser: 'e' } } });
  expect(next.secureJsonData).toEqual({
    ...own.secureJsonData,
    exporterBasicAuthPassword: 'secret of the exporter',
  });
});

it('an upstream that is taken away leaves nothing', () => {
  const bare = { ...settingsOf(own, 'loki'), url: '', basicAuth: false, jsonData: {} };
  const { jsonData } = withSettings(own, 'loki', bare);
  expect(jsonData.lokiUrl).toBeUndefined();
  expect(jsonData.loki).toBeUndefined();
});
