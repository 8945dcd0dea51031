import type { Span, TraceModel } from './trace-model.js';

/** The spans that have a text in what is known of them: name, service, route, status, attributes. */
export function findSpans(
  model: TraceModel,
  text: string,
  attributesOf: ReadonlyMap<string, Span['attributes']>,
): string[] {
  const wanted = text.trim().toLowerCase();
  if (wanted === '') return [];
  const found: string[] = [];
  for (const { span } of model.nodes) {
    const known = `${span.name}\n${span.service}\n${span.route}\n${span.http || ''}\n${span.spanId}`;
    if (known.toLowerCase().includes(wanted) || hasText(attributesOf.get(span.spanId), wanted))
      found.push(span.spanId);
  }
  return found;
}

function hasText(attributes: Span['attributes'], wanted: string): boolean {
  if (attributes === undefined) return false;
  for (const name in attributes) {
    const value = attributes[name];
    const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
    if (`${name}=${text}`.toLowerCase().includes(wanted)) return true;
  }
  return false;
}
