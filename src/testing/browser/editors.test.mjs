// The editors as a person uses them, in Chromium, with Grafana's own libraries on both of its versions of React.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { asked, picture, query, start, violations } from './browser.mjs';
import { reacts } from './build.mjs';

let browser;
before(async () => {
  browser = await start();
});
after(() => browser?.stop());

const latency = {
  editor: 'code',
  expr: 'request_duration_seconds{service="checkout"}',
  unit: 's',
  candidate: { version: 'v2' },
  control: { version: 'v1' },
};

const drawn = (tab) => tab.locator('[aria-label=Answer]').getByText('checkout-9f6c2-mq8rk').waitFor();

/** Nothing went wrong on the page, and everybody can use it. */
async function isWell(tab) {
  assert.deepEqual(await violations(tab), []);
  assert.deepEqual(tab.faults, []);
}

for (const react of reacts) {
  describe(`React ${react}`, { timeout: 180_000 }, () => {
    for (const theme of ['light', 'dark']) {
      test(`a new query starts with a picture, ${theme}`, async () => {
        const tab = await browser.open({ react, theme });
        await drawn(tab);
        await tab.getByTestId('andon-nodes-control').getByText('4 nodes').waitFor();
        await picture(tab, `builder-${theme}-react-${react}`);
        const sent = await query(tab, (q) => q.service === 'checkout');
        assert.deepEqual(sent.candidate, { version: 'v2' });
        assert.match(sent.expr, /code=~"5\.\."/);
        assert.equal(await tab.getByLabel('Signal', { exact: true }).inputValue(), 'errors');
        await isWell(tab);
      });
    }

    test('a mistake is marked where it is, and mended', async () => {
      const tab = await browser.open({ react, initial: latency });
      await drawn(tab);
      const height = () => tab.locator('[aria-label="Query A"]').evaluate((e) => e.offsetHeight);
      const still = await height();
      await tab.locator('.view-line').first().click();
      await tab.keyboard.press('Control+A');
      await tab.keyboard.type('sum by (pod, version) (rat(request_duration_seconds))');
      const message = tab.getByTestId('andon-expr-message');
      await message.getByText('unknown function with name "rat"').waitFor();
      await tab.locator('.squiggly-error').first().waitFor();
      assert.equal(await height(), still, 'the page moved when the mistake was found');
      await picture(tab, `mistake-react-${react}`);
      await isWell(tab);
      await tab.keyboard.press('Control+A');
      await tab.keyboard.type('max by (pod, version) (request_duration_seconds)');
      await message.getByText('PromQL that keeps the node label').waitFor();
      await tab.keyboard.press('Enter');
      await query(tab, (q) => q.expr === 'max by (pod, version) (request_duration_seconds)');
      await drawn(tab);
    });

    test('the keyboard alone picks a signal and a view', async () => {
      const tab = await browser.open({ react });
      await drawn(tab);
      await tab.getByLabel('Service', { exact: true }).focus();
      // On the way are the tooltips of both.
      const signal = tab.getByLabel('Signal', { exact: true });
      const focused = () => signal.evaluate((e) => e === document.activeElement);
      for (let tabs = 0; !(await focused()); tabs++) {
        assert.ok(tabs < 3, 'the signal cannot be reached');
        await tab.keyboard.press('Tab');
      }
      await tab.keyboard.type('lat');
      await tab.getByRole('option', { name: 'latency' }).waitFor();
      await tab.keyboard.press('Enter');
      const sent = await query(tab, (q) => q.name === 'latency');
      assert.equal(sent.unit, 's');
      await tab.getByRole('radio', { name: 'Deviation (σ)' }).focus();
      await tab.keyboard.press('ArrowRight');
      await query(tab, (q) => q.name === 'latency' && q.view === 'raw');
      assert.deepEqual(tab.faults, []);
    });

    test('labels and values are suggested, and nodes follow what is picked', async () => {
      const tab = await browser.open({ react, initial: latency });
      await tab.getByTestId('andon-nodes-candidate').getByText('2 nodes: checkout-9f6c2-4nv7d').waitFor();
      await tab.getByLabel('Add label to candidate').click();
      await tab.getByLabel('Candidate label 2').click();
      await tab.getByRole('option', { name: 'pod', exact: true }).click();
      await tab.getByLabel('Candidate value 2').click();
      await tab.getByRole('option', { name: 'checkout-9f6c2-mq8rk' }).click();
      await tab.getByTestId('andon-nodes-candidate').getByText('1 node: checkout-9f6c2-mq8rk').waitFor();
      await query(tab, (q) => q.candidate.pod === 'checkout-9f6c2-mq8rk');
      await picture(tab, `suggestions-react-${react}`);
      await isWell(tab);
    });

    test('what a cluster is worth is said, kept and taken back', async () => {
      const tab = await browser.open({ react, initial: { queryType: 'clusters', view: 'table' } });
      const section = tab.getByRole('region', { name: 'Feedback' });
      const risk = section.getByRole('radiogroup', { name: 'Risk of payment was lost: card declined' });
      await risk.getByRole('radio', { name: 'High' }).click();
      const answer = tab.locator('[aria-label=Answer]');
      const kept = answer.getByRole('cell', { name: 'high risk', exact: true });
      await kept.waitFor();
      await tab.getByTestId('andon-nodes-candidate').getByText('2 nodes').waitFor();
      await picture(tab, `feedback-react-${react}`);
      await isWell(tab);
      const [said] = await asked(tab, '/resources/feedback');
      assert.equal(said.body.service, 'checkout');
      assert.equal(said.body.risk, 'high');
      await section.getByRole('button', { name: 'Undo the feedback on payment was lost' }).click();
      await kept.waitFor({ state: 'detached' });
      assert.deepEqual(Object.keys((await asked(tab, '/resources/feedback/undo'))[0].body), [
        'service',
        'cluster',
      ]);
    });

    test('verdicts, crashes and rollouts start with an answer', async () => {
      const tab = await browser.open({ react, theme: 'light' });
      await drawn(tab);
      for (const [type, text] of [
        ['Verdict', 'checkout'],
        ['Rollouts', 'checkout-v2'],
      ]) {
        await tab.getByRole('radio', { name: type, exact: true }).click({ force: true });
        await tab.locator('[aria-label=Answer] td').getByText(text).first().waitFor();
        await picture(tab, `${type.toLowerCase()}-react-${react}`);
        await isWell(tab);
      }
      await tab.getByRole('radio', { name: 'Crashes', exact: true }).click({ force: true });
      await query(tab, (q) => q.queryType === 'crashes' && q.expr !== '');
    });

    test('every example of the help runs', async () => {
      const tab = await browser.open({ react, address: { help: '1' } });
      await drawn(tab);
      const help = tab.getByRole('region', { name: 'Help' });
      for (const title of await help.getByRole('heading', { level: 2 }).allTextContents()) {
        const card = help.getByText(title, { exact: true });
        if ((await card.locator('xpath=ancestor::button | self::button').count()) === 0) {
          continue; // the title of the help itself
        }
        const before = (await asked(tab, '/api/ds/query')).length;
        await card.click();
        await tab.waitForFunction(
          (n) => window.asked.filter((a) => a.url.includes('/api/ds/query')).length > n,
          before
        );
        await tab.waitForSelector('[aria-label=Answer]:not([data-state=Loading])');
        assert.equal(await tab.locator('[aria-label=Answer]').getAttribute('data-state'), 'Done', title);
      }
      await picture(tab, `help-react-${react}`);
      await isWell(tab);
    });

    test('the settings are filled in, tested and mended', async () => {
      const tab = await browser.open({ react, page: 'settings', theme: react === '19' ? 'light' : 'dark' });
      await tab.getByLabel('Data source connection URL').fill('http://127.0.0.1:1');
      await tab.getByRole('button', { name: 'Save & test' }).click();
      await tab.getByText(/Prometheus at http:\/\/127.0.0.1:1: no connection/).waitFor();
      await picture(tab, `settings-refused-react-${react}`);
      await tab.getByLabel('Data source connection URL').fill(browser.settings.url);
      await tab.getByRole('tab', { name: 'Loki' }).click();
      await tab.getByLabel(/Loki URL/).fill('http://127.0.0.1:1');
      await tab.getByLabel('Authentication method').click();
      await tab.getByText('Basic authentication').click();
      await tab.getByLabel(/^User/).fill('ada');
      await tab.getByLabel(/^Password/).fill('secret');
      await picture(tab, `settings-loki-react-${react}`);
      await isWell(tab);
      await tab.getByRole('button', { name: 'Save & test' }).click();
      await tab.getByText(/Prometheus answers queries/).waitFor();
      const saved = (await asked(tab, '/api/datasources/uid/andon'))
        .filter((a) => a.method === 'PUT')
        .at(-1).body;
      assert.equal(saved.jsonData.lokiUrl, 'http://127.0.0.1:1');
      assert.deepEqual(saved.jsonData.loki, { basicAuth: true, basicAuthUser: 'ada', oauthPassThru: false });
      assert.deepEqual(saved.secureJsonData, { lokiBasicAuthPassword: 'secret' });
      await isWell(tab);
    });
  });
}
