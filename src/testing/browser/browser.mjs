// What the tests in a browser stand on: the site, standin behind it, and Chromium.
import { spawn } from 'node:child_process';
import fs from 'node:fs/promises';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { makeSite, repository, site } from './build.mjs';

const chromiumPath = process.env.CHROMIUM ?? '/usr/bin/chromium';

/** Builds and starts standin; it ends when its standard input does. */
async function startServer() {
  const program = path.join(site, 'standin');
  await new Promise((resolve, reject) => {
    const build = spawn('go', ['build', '-o', program, './pkg/demo/standin'], {
      cwd: repository,
      stdio: 'inherit',
    });
    build.on('error', reject);
    build.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`go build ended with ${code}`))));
  });
  const log = await fs.open(path.join(site, 'standin.log'), 'w');
  const server = spawn(program, ['-static', site], { stdio: ['pipe', 'pipe', log.fd] });
  await log.close();
  const url = await new Promise((resolve, reject) => {
    server.stdout.once('data', (line) => resolve(line.toString().trim()));
    server.on('exit', (code) =>
      reject(new Error(`standin ended with ${code}: see artifacts/browser/standin.log`))
    );
  });
  return { url, stop: () => server.stdin.end() };
}

/** Starts all that a test in a browser needs. */
export async function start() {
  await fs.mkdir(site, { recursive: true });
  const [server] = await Promise.all([startServer(), makeSite()]);
  const browser = await chromium.launch({
    executablePath: chromiumPath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  return {
    /** The settings by which standin's own upstreams are reached. */
    settings: await (await fetch(`${server.url}/api/standin/settings`)).json(),
    open: (options) => open(browser, server.url, options),
    async stop() {
      await browser.close();
      server.stop();
    },
  };
}

// Grafana's fonts and its spinner are not in its packages, and its code editor runs without workers here.
const expected = [
  /\/public\/fonts\//,
  /unicons\/spinner/,
  /Failed to load resource/,
  /web worker/,
  /MonacoEnvironment/,
];

/** Opens a page of the site. What goes wrong on it is collected in page.faults. */
async function open(browser, base, { react, page = 'explore', theme = 'dark', initial = {}, address = {} }) {
  const context = await browser.newContext({
    viewport: { width: 1400, height: 1000 },
    reducedMotion: 'reduce',
  });
  const tab = await context.newPage();
  tab.setDefaultTimeout(20_000);
  tab.faults = [];
  const fault = (text) => expected.some((e) => e.test(text)) || tab.faults.push(text);
  tab.on('console', (m) => ['error', 'warning'].includes(m.type()) && fault(m.text()));
  tab.on('pageerror', (e) => fault(e.stack ?? String(e)));
  tab.on(
    'response',
    (r) => r.status() >= 400 && !r.url().includes('/api/') && fault(`${r.status()} ${r.url()}`)
  );
  const query = new URLSearchParams({ page, theme, initial: JSON.stringify(initial), ...address });
  await tab.goto(`${base}/react-${react}/?${query}`);
  return tab;
}

/** What the page asked of Grafana at paths that contain the text, oldest first. */
export const asked = (tab, text) =>
  tab.evaluate((text) => window.asked.filter((a) => a.url.includes(text)), text);

/** Waits until the page has sent a query that passes, and returns it. */
export async function query(tab, passes) {
  for (const end = Date.now() + 20_000; ; await tab.waitForTimeout(50)) {
    const sent = (await asked(tab, '/api/ds/query')).flatMap((a) => a.body.queries);
    const found = sent.findLast(passes);
    if (found) {
      return found;
    }
    if (Date.now() > end) {
      throw new Error(`no such query was sent; the last was ${JSON.stringify(sent.at(-1))}`);
    }
  }
}

/** Keeps a picture of the page, to be looked at. */
export const picture = (tab, name) =>
  tab.screenshot({ path: path.join(repository, 'artifacts/screenshots', `${name}.png`), fullPage: true });

/** The serious and critical violations that axe finds on the page, as text. How an answer is drawn is Grafana's. */
export async function violations(tab) {
  await tab.addScriptTag({ path: path.join(repository, 'node_modules/axe-core/axe.min.js') });
  return tab.evaluate(async () => {
    const { violations } = await window.axe.run(
      { exclude: ['[data-grafana]'] },
      { resultTypes: ['violations'] }
    );
    return violations
      .filter((v) => v.impact === 'serious' || v.impact === 'critical')
      .flatMap((v) =>
        v.nodes.map((n) => `${v.impact} ${v.id}: ${v.help}\n  ${n.html}\n  ${n.failureSummary}`)
      );
  });
}
