/** Rate, errors and duration of one service, out of its http.server.request.duration alone. */
export function redOf(points, service, durationSeconds) {
  const own = points.filter(
    (point) => point.service === service && point.metric === 'http.server.request.duration',
  );
  const count = sum(own.map((point) => point.count));
  const errors = sum(
    own.filter((point) => point.attributes['error.type'] !== undefined).map((point) => point.count),
  );
  const bounds = own[0]?.bounds ?? [];
  const buckets = (own[0]?.bucketCounts ?? []).map((_, index) =>
    sum(own.map((point) => point.bucketCounts[index])),
  );
  return {
    service,
    count,
    ratePerSecond: count / durationSeconds,
    errorShare: errors / count,
    p50Ms: quantile(0.5, bounds, buckets) * 1_000,
    p99Ms: quantile(0.99, bounds, buckets) * 1_000,
  };
}

/** As histogram_quantile of Prometheus: the requests of a bucket are taken to be spread evenly over it. */
export function quantile(share, bounds, buckets) {
  const rank = share * sum(buckets);
  let below = 0;
  for (const [index, count] of buckets.entries()) {
    if (below + count >= rank && count > 0) {
      const upper = bounds[index];
      if (upper === undefined) return bounds.at(-1);
      const lower = bounds[index - 1] ?? 0;
      return lower + (upper - lower) * ((rank - below) / count);
    }
    below += count;
  }
  return Number.NaN;
}

export function tableOf(services) {
  const width = Math.max(...services.map(({ service }) => service.length));
  return [
    `${' '.repeat(width)}  requests/s   errors      p50      p99`,
    ...services.map(({ service, ratePerSecond, errorShare, p50Ms, p99Ms }) =>
      [
        service.padEnd(width),
        ratePerSecond.toFixed(1).padStart(10),
        `${(errorShare * 100).toFixed(1)} %`.padStart(7),
        `${p50Ms.toFixed(0)} ms`.padStart(7),
        `${p99Ms.toFixed(0)} ms`.padStart(7),
      ].join('  '),
    ),
  ];
}

function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0);
}
