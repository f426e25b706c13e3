// Who may come in, and whether everybody can read what is there.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';
import { refused, visit } from './browser.js';
import { ROOT, daemon, login, until } from './daemon.js';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export function access(demo) {
  for (const scheme of ['light', 'dark']) {
    test(`axe finds nothing serious, ${scheme}`, async () => {
      for (const path of await paths(demo())) {
        await visit(demo().url + path, async (page) => {
          await unfold(page);
          if (path === '/rules') await few(page);
          await page.evaluate(AXE);
          const { violations } = await page.evaluate(() => window.axe.run());
          const bad = violations.filter((it) => ['serious', 'critical'].includes(it.impact));
          assert.deepEqual(bad.map((it) => `${path}: ${it.id}: ${it.nodes.map((node) => node.html).slice(0, 3).join(' | ')}`), []);
        }, { scheme });
      }
    });
  }

  test('400 pixels are wide enough', async () => {
    for (const path of await paths(demo())) {
      await visit(demo().url + path, async (page) => {
        await unfold(page);
        const [wide, room] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
        assert.ok(wide <= room, `${path} is ${wide} wide`);
      }, { width: 400 });
    }
  });

  test('who may only read sees no button that changes something', async () => {
    const it = await daemon({ web: ', read_only: true' });
    try {
      it.log(login('etl'));
      const [{ key }] = await until('it is there', async () => { const { incidents } = await it.ask('/api/v1/incidents'); return incidents.length && incidents; });
      await visit(`${it.url}/incidents/${key}`, async (page) => {
        await page.waitForSelector('text=seen 1 ×');
        assert.equal(await page.locator('#resolve, #silence').count(), 0);
      });
    } finally { await it.stop(); }
  });

  test('over TLS and with a password all is shown, without it nothing', async () => {
    const tls = join(ROOT, 'tests/golden/tls');
    const it = await daemon({ web: `, tls: { cert_file: '${tls}/cert.pem', key_file: '${tls}/key.pem' }, basic_auth: { users_file: '${ROOT}/tests/golden/users' }` });
    try {
      const url = it.url.replace('127.0.0.1', 'localhost');
      assert.ok(url.startsWith('https:'));
      await visit(url, (page) => page.waitForSelector('#state.good'), { credentials: { username: 'ada', password: 'correct horse' } });
      assert.ok(await refused(url, { username: 'ada', password: 'wrong' }));
      assert.ok(await refused(url));
    } finally { await it.stop(); }
  });
}

/** Opens all that is folded. */
async function unfold(page) {
  await page.evaluate(() => document.querySelectorAll('details').forEach((it) => { it.open = true; }));
}

/** A thousand rules look alike, and take axe ten times as long as all else. */
async function few(page) {
  await page.fill('#search', '18456');
  await until('the search answers', async () => await page.locator('.rules li').count() < 50);
}

async function paths(it) {
  const { incidents } = await it.ask('/api/v1/incidents?state=all');
  const longest = incidents.reduce((one, other) => (JSON.stringify(one).length > JSON.stringify(other).length ? one : other));
  return ['/', `/incidents/${longest.key}`, '/explain', '/rules', '/rules/sql-connect-login-failed', '/sources'];
}
