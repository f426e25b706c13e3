// The page in a real browser: `node --test page.test.js`, or the step `browser` of tests/all.

import { join } from 'node:path';
import { after, before } from 'node:test';
import { access } from './access.js';
import { close, open } from './browser.js';
import { ROOT, daemon, until } from './daemon.js';
import { live } from './live.js';
import { views } from './views.js';

let demo;

before(async () => {
  [demo] = await Promise.all([daemon({ logs: join(ROOT, 'deploy/demo/logs') }), open()]);
  await until('the example logs are read', async () => (await demo.ask('/api/v1/status')).sources[0].ledger.records >= 108);
});

after(async () => { await close(); await demo.stop(); });

views(() => demo);
live();
access(() => demo);
