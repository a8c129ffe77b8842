// The editors as a person uses them, in Chromium, with Grafana's own libraries on both of its versions of React.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { asked, picture, start, violations } from './browser.mjs';
import { reacts } from './build.mjs';

let browser;
before(async () => {
  browser = await start();
});
after(() => browser?.stop());

const latency = {
  expr: 'request_duration_seconds{service="checkout"}',
  unit: 's',
  candidate: { version: 'v2' },
  control: { version: 'v1' },
};

for (const react of reacts) {
  describe(`React ${react}`, () => {
    for (const theme of ['light', 'dark']) {
      test(`a deviation is drawn, ${theme}`, async () => {
        const tab = await browser.open({ react, theme, initial: latency });
        await tab.getByText('checkout-9f6c2-mq8rk').first().waitFor();
        await picture(tab, `deviation-${theme}-react-${react}`);
        assert.deepEqual(await violations(tab), []);
        const [request] = await asked(tab, '/api/ds/query');
        assert.equal(request.body.queries[0].expr, latency.expr);
        assert.deepEqual(tab.faults, []);
      });
    }
  });
}
