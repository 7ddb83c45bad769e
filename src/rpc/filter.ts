import { codes, RpcError } from './errors.js';

const bad = (): RpcError =>
  new RpcError(
    codes.badParameter,
    'filter: should be {"field": true, …} or [{…}], as the answer is',
  );

/**
 * The part of an answer that a request's `filter` asks for: `{"peers": [{"id": true}]}` leaves the
 * ids of the peers. A field that is not there is no error. Throws `RpcError` for no filter at all.
 */
export function applyFilter(value: unknown, filter: unknown): unknown {
  if (filter === true) return value;
  if (Array.isArray(filter)) {
    const [each] = filter;
    if (filter.length !== 1 || each === null || typeof each !== 'object') throw bad();
    return Array.isArray(value) ? value.map((item) => applyFilter(item, each)) : value;
  }
  if (filter === null || typeof filter !== 'object') throw bad();
  const wanted = Object.entries(filter);
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    for (const [, inner] of wanted) applyFilter({}, inner);
    return value;
  }
  const out: Record<string, unknown> = {};
  for (const [name, inner] of wanted) {
    const kept = applyFilter((value as Record<string, unknown>)[name], inner);
    if (kept !== undefined) out[name] = kept;
  }
  return out;
}
