// What every variant has measured: one duration for each of so many routes, with the attributes of an HTTP server.
const ROUTES = 1_999;

exports.ROUTES = ROUTES;
/** Those that golden-signals has by default. */
exports.BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 3, 5, 7.5, 10];
exports.routeOf = (index) => `/api/v1/resources-${index}/:id`;
exports.attributesOf = (index) => ({
  'http.request.method': 'GET',
  'url.scheme': 'http',
  'http.route': exports.routeOf(index),
  'http.response.status_code': 200,
  'network.protocol.version': '1.1',
});
exports.durationOf = (index) => ((index * 7) % 100) / 1_000;
