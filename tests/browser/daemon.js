// The real daemon over logs of its own, on a free port of this machine.

import { spawn } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../..');
const PROGRAM = process.env.SHIRWATCH || join(process.env.CARGO_TARGET_DIR || join(ROOT, 'target'), 'release/shirwatch');

/** How long anything may take before a test fails. */
export const PATIENCE = 20_000;

/** A daemon that follows `logs`, a folder of its own unless another is named. */
export async function daemon({ logs, web = '' } = {}) {
  const dir = mkdtempSync(join(tmpdir(), 'shirwatch-browser-'));
  const folder = logs || join(dir, 'logs');
  mkdirSync(folder, { recursive: true });
  const config = join(dir, 'shirwatch.yaml');
  writeFileSync(config, `web: { listen: '127.0.0.1:0'${web} }
sources:
  - name: logs
    file: { include: ['${folder}/*'], idle: 50ms }
receivers:
  - { name: nobody, webhook: { url: 'http://127.0.0.1:9/' } }
`);
  const child = spawn(PROGRAM, ['run', '--config', config, '--state-dir', join(dir, 'state')],
    { env: { ...process.env, NO_COLOR: '1' }, stdio: ['ignore', 'ignore', 'pipe'] });
  const url = await address(child);
  const stop = () => new Promise((done) => {
    child.on('exit', () => { rmSync(dir, { recursive: true, force: true }); done(); });
    child.kill('SIGKILL');
  });
  const log = (text) => appendFileSync(join(folder, 'live.log'), `${text}\n`);
  const ask = async (path) => (await fetch(url + path)).json();
  return { url, stop, log, ask, dir };
}

/** Where it serves, by its own word. */
function address(child) {
  const said = [];
  return new Promise((done, fail) => {
    const lines = createInterface({ input: child.stderr });
    lines.on('line', (line) => {
      said.push(line);
      const found = /address=(https?:\/\/[^\s/]+)/.exec(line);
      if (found) done(found[1]);
    });
    child.on('error', fail);
    child.on('exit', (code) => fail(new Error(`the daemon ended with ${code}: ${said.join('\n')}`)));
  });
}

/** Asks until the answer is truthy. */
export async function until(what, ask) {
  const end = Date.now() + PATIENCE;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() > end) throw new Error(`it did not happen: ${what}`);
    await new Promise((done) => { setTimeout(done, 50); });
  }
}

/** A failed login as the runtime prints it, for a user of this name. */
export const login = (user) => "ErrorCode=SqlFailedToConnect,'Type=Microsoft.DataTransfer.Common.Shared.HybridDeliveryException,"
  + `Message=Cannot connect to SQL Database.,Source=Microsoft.DataTransfer.ClientLibrary,''Type=System.Data.SqlClient.SqlException,`
  + `Message=Login failed for user '${user}'.,Source=.Net SqlClient Data Provider,SqlErrorNumber=18456,Class=14,State=1,'`;

/** A failed activity run with these fields, as one line of JSON. */
export const run = (fields, message) => JSON.stringify({
  category: 'ActivityRuns', level: 'Error', time: '2026-03-17T05:00:00Z', operationName: 'adf - Failed', status: 'Failed',
  activityRunId: '11111111-2222-4333-8444-555555555555', pipelineRunId: '66666666-2222-4333-8444-555555555555', activityType: 'Copy',
  ...fields, properties: { Error: { errorCode: '2200', message, failureType: 'UserError', target: 'Copy' }, Output: {}, Input: {} } });
