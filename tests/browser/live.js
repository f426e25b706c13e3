// The page follows what happens, and what a log says is shown and never done.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { visit } from './browser.js';
import { daemon, login, run, until } from './daemon.js';

/** What a log must not be able to do. `\u202e` turns what follows around. */
const HOSTILE = '<script>window.hacked=1</script><img src=x onerror="window.hacked=1"><svg onload=alert(1)>'
  + '<a href="javascript:window.hacked=1">x</a>{{7*7}}${window.hacked=1}\u202egnp.exe\u2066\u200b</textarea></title>&lt;b&gt;';

export function live() {
  test('a line that is logged is shown without a reload', async () => {
    const it = await daemon();
    try {
      await visit(it.url, async (page) => {
        await page.waitForSelector('text=Nothing is broken');
        await page.evaluate(() => { window.mine = true; });
        await page.focus('#words');
        it.log(login('etl'));
        await page.waitForSelector('article >> text=SQL Server refused the login');
        await page.waitForSelector('h1 >> text=1 open incident');
        assert.equal(await page.evaluate(() => document.activeElement.id), 'words', 'who types goes on typing');
        await page.click('article h3 a');
        await page.waitForSelector('text=seen 1 ×');
        it.log(login('etl_2'));
        await page.waitForSelector('text=seen 2 ×');
        await page.click('nav >> text=Overview');
        // Many at once: the page keeps up, and does not wait until all is quiet.
        for (let at = 0; at < 500; at += 1) it.log(login(`etl_${at}`));
        await page.waitForSelector('article .count >> text=502 ×');
        assert.equal(await page.evaluate(() => window.mine), true, 'the page was loaded again');
      });
    } finally { await it.stop(); }
  });

  test('the words of a log are text', async () => {
    const it = await daemon();
    try {
      it.log(run({ pipelineName: `pl ${HOSTILE}`, activityName: HOSTILE }, `${login(HOSTILE)} ${HOSTILE}`));
      it.log(run({ activityRunId: '21111111-2222-4333-8444-555555555555', pipelineName: 'x'.repeat(3000) }, `Something nobody knows ${HOSTILE}`));
      const incidents = await until('both are there', async () => {
        const { incidents: found } = await it.ask('/api/v1/incidents?state=all');
        return found.length === 2 && found;
      });
      for (const path of ['/', ...incidents.map((one) => `/incidents/${one.key}`), '/rules', '/sources']) {
        await visit(it.url + path, async (page) => {
          // The catalogue groups what no rule knows by its words alone; sources name no log.
          if (path !== '/sources' && path !== '/rules') await page.waitForSelector('#main >> text=<script>window.hacked=1</script>');
          await harmless(page);
        }, { width: 400 });
      }
      await visit(`${it.url}/explain`, async (page) => {
        await page.fill('#text', HOSTILE);
        await page.click('#explain');
        await page.waitForSelector('#answer >> text=<script>window.hacked=1</script>');
        await page.waitForSelector('#answer >> text=⟨U+202E⟩');
        await harmless(page);
      });
      await visit(`${it.url}/incidents/${encodeURIComponent(HOSTILE)}`, async (page) => {
        await page.waitForSelector('text=there is no such incident');
        await harmless(page);
      }, { expected: /404/ });
    } finally { await it.stop(); }
  });
}

/** Nothing ran, nothing became an element, and nothing hides or turns a text. */
async function harmless(page) {
  await page.waitForTimeout(100);
  const seen = await page.evaluate(() => ({
    hacked: window.hacked,
    elements: [...document.querySelectorAll('#main script, #main img, #main iframe, #main b, #main [onload], #main [onerror], #main [style]')].map((it) => it.outerHTML),
    links: [...document.links].map((it) => it.protocol).filter((it) => !/^https?:$/.test(it)),
    hidden: /[\u202a-\u202e\u2066-\u2069\u200b]/.test(document.getElementById('main').innerText + document.title),
    wide: document.documentElement.scrollWidth > document.documentElement.clientWidth,
  }));
  assert.deepEqual(seen, { hacked: undefined, elements: [], links: [], hidden: false, wide: false });
}
