// Debian's Chromium, headless, with pages that notice what must not happen.

import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';
import { PATIENCE } from './daemon.js';

let browser;

export async function open() {
  // Chromium's sandbox does not work for root; nothing but our own page is loaded.
  const args = process.getuid && process.getuid() === 0 ? ['--no-sandbox'] : [];
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium', args });
}

export const close = () => browser.close();

/** A page on which `work` is done; fails on an error, a dialog, or a request to another host. */
export async function visit(url, work, { width = 1200, scheme = 'light', expected = null, credentials } = {}) {
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme: scheme,
    permissions: ['clipboard-read', 'clipboard-write'], httpCredentials: credentials, ignoreHTTPSErrors: true });
  const faults = [];
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  page.on('console', (it) => { if (['error', 'warning'].includes(it.type()) && !(expected && expected.test(it.text()))) faults.push(`console: ${it.text()}`); });
  page.on('pageerror', (it) => faults.push(`error: ${it.message}`));
  page.on('dialog', (it) => { faults.push(`dialog: ${it.message()}`); it.dismiss(); });
  page.on('request', (it) => { if (new URL(it.url()).origin !== new URL(url).origin) faults.push(`asked elsewhere: ${it.url()}`); });
  try {
    await page.goto(url);
    await page.waitForSelector('#main h1');
    await work(page);
  } catch (error) {
    // What the page said is the reason more often than what did not come.
    error.message += faults.map((it) => `\n${it}`).join('');
    throw error;
  } finally { await context.close(); }
  assert.deepEqual(faults, []);
}

/** The answer to who is not let in: a status that is not 200, or none at all. */
export async function refused(url, credentials) {
  const context = await browser.newContext({ httpCredentials: credentials, ignoreHTTPSErrors: true });
  try {
    const page = await context.newPage();
    const answer = await page.goto(url).catch(() => null);
    return !answer || answer.status() === 401;
  } finally { await context.close(); }
}
