// Explains a text that somebody pastes.

import { ask } from './api.js';
import { el, failure } from './dom.js';
import { finding } from './finding.js';

const EXAMPLE = "ErrorCode=SqlFailedToConnect,'Type=Microsoft.DataTransfer.Common.Shared.HybridDeliveryException,"
  + "Message=Cannot connect to SQL Database: 'sql-01.contoso.example'.,Source=Microsoft.DataTransfer.ClientLibrary,"
  + "''Type=System.Data.SqlClient.SqlException,Message=Login failed for user 'etl_reader'.,"
  + "Source=.Net SqlClient Data Provider,SqlErrorNumber=18456,Class=14,ErrorCode=-2146232060,State=1,'";

export async function explain() {
  const text = el('textarea', { id: 'text', 'aria-label': 'The text of an error', spellcheck: 'false',
    placeholder: 'Paste an error: a log line, a run record, a whole exception…' });
  const answer = el('div', { 'aria-live': 'polite', id: 'answer' });
  const button = el('button.main', { type: 'button', id: 'explain' }, 'Explain');
  const run = async () => {
    if (!text.value.trim()) { text.focus(); return; }
    button.disabled = true;
    try {
      const found = await ask('/api/v1/explain', { method: 'POST', headers: { 'Content-Type': 'text/plain' }, body: text.value });
      answer.replaceChildren(el('section.card', { 'aria-label': 'The answer' }, finding(found)));
    } catch (error) { answer.replaceChildren(failure(error)); }
    button.disabled = false;
  };
  const example = el('button', { type: 'button', id: 'example', onclick: () => { text.value = EXAMPLE; run(); } }, 'Try an example');
  button.addEventListener('click', run);
  text.addEventListener('keydown', (event) => { if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) run(); });
  return el('div', null, el('h1', null, 'Explain an error'),
    el('p.quiet', null, 'The text stays on this machine: it is read, judged by the catalogue, and forgotten. Ctrl+Enter asks, too.'),
    el('p', null, text), el('p.row', null, button, example), answer);
}
