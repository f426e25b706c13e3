// Each view shows what the API says.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { visit } from './browser.js';
import { until } from './daemon.js';

export function views(demo) {
  test('the overview tells open incidents, errors over time, runtimes and sources', () => visit(demo().url, async (page) => {
    const status = await demo().ask('/api/v1/status');
    for (const severity of ['critical', 'error', 'warning', 'info']) {
      assert.equal(await page.textContent(`#tile-${severity} .big`), String(status.incidents[severity]));
    }
    await page.click('#earlier');
    await page.waitForSelector('text=Mar 17, 2026');
    const errors = await demo().ask('/api/v1/errors?hours=24&until=2026-03-17T12:00:00Z');
    const hours = errors.points.filter((it) => it.critical + it.error + it.warning + it.info);
    assert.ok(hours.length > 2);
    await page.click('text=Numbers');
    assert.equal(await page.locator('.chart tbody tr').count(), hours.length);
    assert.equal(await page.locator('svg rect.critical').count(), hours.filter((it) => it.critical).length);
    await page.waitForSelector('aside >> text=shir-contoso');
    await page.waitForSelector('aside >> text=NODE-1.corp.contoso.example');
    await page.waitForSelector('aside >> text=reading');
    const node = page.locator('aside li', { hasText: 'NODE-2.corp' }).locator('button');
    const named = await node.textContent();
    await node.click();
    await until('only incidents of the node are listed', async () => `${await page.locator('article').count()} incidents` === named);
    await page.fill('#words', '');
    await page.click('#tile-warning');
    await until('only warnings are listed', async () => await page.locator('article').count() === status.incidents.warning);
    await page.fill('#words', 'no such word');
    await page.waitForSelector('text=No incident fits');
  }));

  test('an incident shows its chain with the root cause, and each step can be copied', () => visit(demo().url, async (page) => {
    await page.click('article h3 a >> text=SQL Server refused the login');
    await page.waitForSelector('h1 >> text=SQL Server refused the login');
    assert.match(await page.textContent('.message.root'), /Root cause.*SqlException.*Login failed/s);
    assert.equal(await page.locator('.message.root').count(), 1);
    await page.waitForSelector('aside >> text=pl_load_sales');
    await page.waitForSelector('aside figure svg rect.bar');
    await page.click('[aria-label="Copy step 1"]');
    await page.waitForSelector('text=Copied');
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), await page.textContent('.steps li >> nth=0 >> span >> nth=0'));
    await page.click('text=sql-connect-login-failed');
    await page.waitForSelector('text=What it looks like in a log');
    await page.waitForSelector('h2 >> text=Open now');
    await page.goBack();
    await page.waitForSelector('.message.root');
  }));

  test('daemons that share a store are listed with what they read', () => visit(demo().url, async (page) => {
    const now = new Date().toISOString();
    const member = (name, more) => ({ name, version: '0.1.0', since: now, last_seen: now, alive: true, sources: ['runs'], ...more });
    await page.route('**/api/v1/status', async (route) => {
      const status = await (await route.fetch()).json();
      assert.deepEqual(status.members, []);
      status.members = [member('<b>a</b>'), member('b', { alive: false, sources: [] }), member('c', { alive: false, last_seen: null, since: null })];
      await route.fulfill({ json: status });
    });
    await page.goto(`${demo().url}/sources`);
    await page.waitForSelector('h1 >> text=Members');
    const card = (name) => page.locator('section.card', { has: page.locator(`h2 >> text=${name}`) });
    await card('<b>a</b>').locator('.badge.good').waitFor();
    assert.match(await card('<b>a</b>').textContent(), /Readsruns/);
    await page.waitForSelector('section.card.bad .badge >> text=gone');
    await page.waitForSelector('section.card:not(.bad) .badge >> text=left');
  }));

  test('an incident is silenced, its silence is ended, and it is resolved', () => visit(demo().url, async (page) => {
    await page.fill('#words', 'deadlock');
    await page.click('article h3 a >> text=deadlock');
    await page.selectOption('#span', '24');
    // What is chosen outlives a change of the view by itself.
    const before = await page.$('#span');
    await page.evaluate(() => dispatchEvent(new PopStateEvent('popstate')));
    await page.waitForFunction((it) => !it.isConnected, before);
    await page.click('#silence');
    await page.waitForSelector('text=Silenced until');
    const { silences } = await demo().ask('/api/v1/silences');
    assert.equal(silences.length, 1);
    assert.ok(Math.abs(Date.parse(silences[0].ends_at) - Date.now() - 24 * 3600e3) < 60e3);
    await page.click('text=End the silence');
    await page.waitForSelector('text=Silenced until', { state: 'detached' });
    await page.click('#resolve');
    assert.equal(await page.locator('.badge >> text=resolved').count(), 0, 'it is asked twice');
    await page.click('#resolve');
    await page.waitForSelector('.badge >> text=resolved');
    const { state } = await demo().ask(`/api/v1${new URL(page.url()).pathname}`);
    assert.equal(state, 'resolved');
  }));

  test('a text is explained', () => visit(`${demo().url}/explain`, async (page) => {
    await page.fill('#text', "ErrorCode=X,'Type=System.OutOfMemoryException,Message=Java heap space,Source=,'");
    await page.keyboard.press('Control+Enter');
    await page.waitForSelector('#answer >> text=What to do');
    await page.click('#example');
    await page.waitForSelector('#answer >> text=SQL Server refused the login');
  }));

  test('the catalogue is searched, and each rule is a runbook', () => visit(`${demo().url}/rules`, async (page) => {
    const { rules } = await demo().ask('/api/v1/rules');
    assert.equal(await page.locator('.rules li').count(), rules.length);
    await page.fill('#search', '18456');
    await until('the search answers', async () => await page.locator('.rules li').count() < 50);
    await page.click('text=sql-connect-login-failed >> xpath=.. >> a');
    await page.waitForSelector('h1 >> text=SQL Server refused the login');
    await page.waitForSelector('text=Mended when');
  }));

  test('sources and receivers show their ledger and last error', () => visit(`${demo().url}/sources`, async (page) => {
    await page.waitForSelector('text=balances');
    await page.waitForSelector('dt >> text=Records');
    await until('the receiver that nobody listens to fails', async () => page.locator('text=Last error').count());
  }));

  test('what does not exist is said', () => visit(`${demo().url}/rules/none`, async (page) => {
    await page.waitForSelector('text=there is no such rule');
  }, { expected: /404/ }));

  test('the keyboard reaches all', () => visit(demo().url, async (page) => {
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement.className), 'skip');
    for (let tabs = 0; tabs < 10 && await page.evaluate(() => document.activeElement.textContent) !== 'Explain'; tabs += 1) await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.waitForSelector('#text');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'main', 'the new view has the focus');
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'text');
  }));
}
