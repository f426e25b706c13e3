// A button that copies a text.

import { clean, el } from './dom.js';

/** Copies `text` as one line: what a log put into a step cannot end a command. */
export function copyButton(text, name) {
  const button = el('button.copy', { type: 'button', 'aria-label': `Copy ${name}` }, 'Copy');
  button.addEventListener('click', async () => {
    const done = await copy(clean(text).replace(/\s+/g, ' ').trim());
    button.textContent = done ? 'Copied' : 'Not allowed';
    setTimeout(() => { button.textContent = 'Copy'; }, 2000);
  });
  return button;
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch { return copyBySelection(text); }
}

/** Where a page came without TLS from another machine, browsers allow only this. */
function copyBySelection(text) {
  const area = el('textarea.out', { readonly: true, 'aria-hidden': 'true', tabindex: '-1' });
  area.value = text;
  document.body.append(area);
  area.select();
  const done = document.execCommand('copy');
  area.remove();
  return done;
}
