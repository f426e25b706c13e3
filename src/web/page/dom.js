// Builds what is shown. All that comes from a log or a rule is set as text, never as markup,
// and what would hide or reorder a text is made visible.

/** Characters that show nothing, or turn the text around them. */
const HIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

/** A text as it is shown: `\u202e` becomes `⟨U+202E⟩`. */
export const clean = (text) => String(text).replace(HIDDEN, (it) =>
  `⟨U+${it.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}⟩`);

const shown = (child) => child !== null && child !== undefined && child !== '' && child !== false;

function fill(it, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) it.addEventListener(name.slice(2), value);
    else it.setAttribute(name, value === true ? '' : clean(value));
  }
  for (const child of children.flat(Infinity).filter(shown)) {
    it.append(child instanceof Node ? child : clean(child));
  }
  return it;
}

/** An element: tag and classes (`p.quiet.small`), attributes, children. Texts are texts. */
export function el(spec, attributes, ...children) {
  const [tag, ...classes] = spec.split('.');
  const it = document.createElement(tag);
  if (classes.length) it.className = classes.join(' ');
  return fill(it, attributes, children);
}

/** The same within a picture. */
export function svg(spec, attributes, ...children) {
  const [tag, ...classes] = spec.split('.');
  const it = document.createElementNS('http://www.w3.org/2000/svg', tag);
  if (classes.length) it.setAttribute('class', classes.join(' '));
  return fill(it, attributes, children);
}

/** A link within the page. */
export const go = (path, ...children) => el('a', { href: path }, ...children);

/** The path of a thing that is named by a log or a rule. */
export const path = (folder, name) => `/${folder}/${encodeURIComponent(name)}`;

/** A link elsewhere; an address that is not http is shown as text. */
export function away(url, ...children) {
  if (!/^https?:\/\//i.test(url)) return el('span', null, url);
  return el('a', { href: url, rel: 'noreferrer noopener', target: '_blank' }, ...(children.length ? children : [url]));
}

/** A sentence; what stands between backticks is set as code. */
export const prose = (text) => String(text).split('`').map((it, at) => (at % 2 ? el('code', null, it) : it));

/** A sentence of a rule: a hole such as `{user}` is shown by its name. */
export const template = (text) => prose(text.replace(/`?\{([a-z][a-z0-9_]*)\}`?/g, '`$1`'));

export const badge = (kind, ...children) => el(`span.badge.${kind}`, null, ...children);

/** How urgent something is, by a word and a colour. */
export const severity = (it) => badge(['critical', 'error', 'warning', 'info'].includes(it) ? it : 'plain', it);

/** A name and what stands behind it; nothing where there is nothing. */
export const pairs = (list) => el('dl.pairs', null, list.filter(([, it]) => shown(it) && (!Array.isArray(it) || it.length))
  .map(([name, it]) => [el('dt', null, name), el('dd', null, it)]));

/** A part that can be wide, which the keyboard can scroll. */
export const wide = (name, ...children) => el('div.scroll', { tabindex: '0', role: 'region', 'aria-label': name }, ...children);

export const heads = (names) => el('thead', null, el('tr', null, names.map((it) => el('th', { scope: 'col' }, it))));

export const failure = (error) => el('div.card.bad', { role: 'alert' }, el('strong', null, 'That did not work. '), error.message);
