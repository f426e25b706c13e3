// Asks the daemon.

/** The answer of the API; a failure is thrown with the daemon's own words. */
export async function ask(path, options) {
  const response = await fetch(path, { headers: { Accept: 'application/json' }, ...options });
  if (response.status === 204) return {};
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(body.error || `${path} answered ${response.status}`);
  return body;
}

/** Changes something. */
export const change = (path, method, body) => ask(path, {
  method, headers: { 'Content-Type': 'application/json' }, body: body === undefined ? undefined : JSON.stringify(body) });
