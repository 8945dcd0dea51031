// SDKs that bring their own ways to call: openai (retries, streams), twilio, the AWS SDK's SQS client with its signatures.
export const ends = true;

export const upstream = (req, res, { seen }) => {
  req.on('end', () => {
    if (req.url.includes('/chat') && seen.body.includes('"stream":true')) {
      res.writeHead(200, { 'Content-Type': 'text/event-stream' });
      res.write('data: {"id":"1","choices":[{"delta":{"content":"he"}}]}\n\n');
      res.end('data: {"id":"1","choices":[{"delta":{"content":"llo"}}]}\n\ndata: [DONE]\n\n');
    } else if (seen.body.includes('fail') || req.url.includes('fail')) {
      res
        .writeHead(503, { 'Content-Type': 'application/json', 'retry-after-ms': '1' })
        .end('{"error":{"message":"busy"}}');
    } else if (seen.body.includes('invalid')) {
      res
        .writeHead(400, { 'Content-Type': 'application/json' })
        .end('{"error":{"message":"bad","type":"invalid","code":"own"},"__type":"Invalid"}');
    } else {
      res
        .writeHead(200, { 'Content-Type': 'application/json', 'x-request-id': 'r1' })
        .end('{"id":"1","choices":[{"message":{"content":"hello"}}],"MessageId":"m1","sid":"SM1"}');
    }
  });
};

export async function service({ instrument, upstream: url, observe, errorOf }) {
  const { default: OpenAI } = await import('openai');
  const { SQSClient, SendMessageCommand } = await import('@aws-sdk/client-sqs');
  const { default: twilio } = await import('twilio');
  await instrument();
  const ai = new OpenAI({ apiKey: 'k', baseURL: `${url}/v1`, maxRetries: 1 });
  const chat = (content, more = {}) =>
    ai.chat.completions.create({ model: 'm', messages: [{ role: 'user', content }], ...more });
  const described = (error) => ({ ...errorOf(error), keys: Object.keys(error), headers: undefined });
  observe('openai', await chat('hi').then(({ choices, _request_id }) => [choices, _request_id], described));
  observe('openai fails', await chat('fail').catch(described));
  observe('openai invalid', await chat('invalid').catch(described));
  let streamed = '';
  for await (const part of await chat('hi', { stream: true })) streamed += part.choices[0]?.delta.content;
  observe('openai stream', streamed);
  const sqs = new SQSClient({
    region: 'eu-west-1',
    endpoint: url,
    credentials: { accessKeyId: 'a', secretAccessKey: 's' },
    maxAttempts: 2,
    md5: false,
  });
  const send = (MessageBody) => sqs.send(new SendMessageCommand({ QueueUrl: `${url}/1/q`, MessageBody }));
  observe(
    'sqs',
    await send('hi').then(
      ({ MessageId, $metadata }) => [MessageId, $metadata.httpStatusCode, $metadata.attempts],
      described,
    ),
  );
  observe(
    'sqs fails',
    await send('fail').catch(({ name, $metadata }) => [name, $metadata.httpStatusCode, $metadata.attempts]),
  );
  const { default: RequestClient } = await import('twilio/lib/base/RequestClient.js');
  const http = new (RequestClient.default ?? RequestClient)({ autoRetry: true, maxRetries: 1 });
  const text = (uri) =>
    http.request({
      method: 'POST',
      uri: `${url}${uri}`,
      username: 'u',
      password: 'p',
      data: { Body: 'x' },
      timeout: 20_000,
    });
  observe('twilio', await text('/Messages').then(({ statusCode, body }) => [statusCode, body], described));
  observe('twilio fails', await text('/fail').then(({ statusCode }) => statusCode, described));
  observe('twilio client', Object.keys(twilio('AC1', 't')).length > 0);
}

export const mask = [
  [
    /(x-amz-date|amz-sdk-invocation-id|idempotency-key|x-stainless-[\w-]*|user-agent|x-amz-user-agent): [^"]*/gi,
    '$1: <own>',
  ],
  [/(authorization: AWS4[^"]*?Signature=)\w+/gi, '$1<signature>'],
  [/(x-amz-content-sha256: )\w+/gi, '$1<hash>'],
  [/(Credential=a\/)\d+/g, '$1<day>'],
];
