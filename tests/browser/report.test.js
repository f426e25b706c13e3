// The report of `scan --format html` in a real browser: `node --test report.test.js`.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { close, open, visit } from './browser.js';
import { PROGRAM, ROOT } from './daemon.js';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'shirwatch-report-'));
const file = join(folder, 'report.html');

before(async () => {
  writeFileSync(file, execFileSync(PROGRAM, ['scan', '--format', 'html', join(ROOT, 'deploy/demo/logs')], { maxBuffer: 1 << 26 }));
  await open();
});

after(async () => { await close(); rmSync(folder, { recursive: true }); });

for (const scheme of ['light', 'dark']) {
  test(`axe finds nothing serious in the report, ${scheme}`, () => visit(pathToFileURL(file).href, async (page) => {
    await page.evaluate(AXE);
    const { violations } = await page.evaluate(() => window.axe.run());
    const bad = violations.filter((it) => ['serious', 'critical'].includes(it.impact));
    assert.deepEqual(bad.map((it) => [it.id, it.nodes.slice(0, 3).map((node) => node.html)]), []);
  }, { scheme }));
}

test('the report is read at 400 pixels without scrolling sideways', () => visit(pathToFileURL(file).href, async (page) => {
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth));
}, { width: 400 }));

test('each kind at a glance leads to its cause and steps', () => visit(pathToFileURL(file).href, async (page) => {
  const links = page.locator('table a');
  assert.ok(await links.count() > 30);
  for (const href of await links.evaluateAll((all) => all.map((it) => it.getAttribute('href')))) {
    assert.equal(await page.locator(`article${href} h4 >> text=What was logged`).count(), 1, href);
  }
  await page.click('text=SQL Server refused the login');
  await page.waitForSelector('article:target .root >> text=SqlException');
  await page.waitForSelector('article:target ol li');
}));
