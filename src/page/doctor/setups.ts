/** What to type so that a service sends here, by language. */
export function setups(origin: string): readonly { readonly language: string; readonly command: string }[] {
  return [
    {
      language: 'Node.js',
      command: `OTEL_EXPORTER_OTLP_ENDPOINT=${origin} \\\n  node --require golden-signals/register server.js`,
    },
    {
      language: 'Python',
      command: `pip install opentelemetry-distro opentelemetry-exporter-otlp-proto-http\nopentelemetry-bootstrap -a install\nOTEL_SERVICE_NAME=my-service OTEL_EXPORTER_OTLP_ENDPOINT=${origin} \\\n  OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf opentelemetry-instrument python app.py`,
    },
    {
      language: 'Go',
      command: `# with go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp\nOTEL_SERVICE_NAME=my-service OTEL_EXPORTER_OTLP_ENDPOINT=${origin} ./my-service`,
    },
    {
      language: 'Java',
      command: `OTEL_SERVICE_NAME=my-service OTEL_EXPORTER_OTLP_ENDPOINT=${origin} \\\n  OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf java -javaagent:opentelemetry-javaagent.jar -jar app.jar`,
    },
  ];
}
