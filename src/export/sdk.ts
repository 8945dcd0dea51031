/** The parts of the OpenTelemetry SDK that are built in. Loaded at the first call, which takes some milliseconds. */
export function sdk(): typeof import('./opentelemetry.js') {
  return require('./opentelemetry.js');
}
