// graphql-http and Apollo Server, as a handler and behind executeHTTPGraphQLRequest.
export async function service({ instrument, listen }) {
  const { default: express } = await import('express');
  const { createHandler } = await import('graphql-http/lib/use/express');
  const { GraphQLObjectType, GraphQLSchema, GraphQLString } = await import('graphql');
  const { ApolloServer, HeaderMap } = await import('@apollo/server');
  const fields = {
    hello: { type: GraphQLString, resolve: () => 'world' },
    broken: { type: GraphQLString, resolve: () => Promise.reject(new Error('resolver failed')) },
  };
  const schema = new GraphQLSchema({ query: new GraphQLObjectType({ name: 'Query', fields }) });
  const apollo = new ApolloServer({
    schema,
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false,
  });
  await apollo.start();
  const app = express();
  await instrument(app);
  app.all('/graphql', createHandler({ schema }));
  app.post('/apollo', express.json(), async (req, res) => {
    const headers = new HeaderMap(Object.entries(req.headers).map(([name, value]) => [name, String(value)]));
    const httpGraphQLRequest = { method: req.method, headers, search: '', body: req.body };
    const answer = await apollo.executeHTTPGraphQLRequest({ httpGraphQLRequest, context: async () => ({}) });
    for (const [name, value] of answer.headers) res.setHeader(name, value);
    res.status(answer.status ?? 200).send(answer.body.string);
  });
  await listen(app);
}

export async function drive({ client, observe }) {
  const ask = (path, query) =>
    client.request({
      method: 'POST',
      path,
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ query }),
    });
  for (const path of ['/graphql', '/apollo']) {
    observe(`${path} hello`, await ask(path, '{ hello }'));
    observe(`${path} broken`, await ask(path, '{ hello broken }'));
    observe(`${path} invalid`, await ask(path, '{ unknown }'));
    observe(`${path} no query`, await ask(path, undefined));
  }
}
