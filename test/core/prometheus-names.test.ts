import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { familyName, labelName, type NameKind } from '../../src/core/prometheus-names.js';

/** As it is written: the samples of a counter have a name of their own. */
function written(name: string, unit: string, kind: NameKind): string | undefined {
  const family = familyName(name, unit, kind);
  return family && (kind === 'counter' ? `${family.name}_total` : family.name);
}

describe('the name of a metric', () => {
  test.each<[string, string, NameKind, string]>([
    ['http.server.request.duration', 's', 'histogram', 'http_server_request_duration_seconds'],
    ['http.server.active_requests', '{request}', 'updowncounter', 'http_server_active_requests'],
    ['db.client.connection.count', '{connection}', 'updowncounter', 'db_client_connection_count'],
    ['nodejs.eventloop.utilization', '1', 'gauge', 'nodejs_eventloop_utilization_ratio'],
    ['nodejs.eventloop.delay.p99', 's', 'gauge', 'nodejs_eventloop_delay_p99_seconds'],
    ['v8js.memory.heap.used', 'By', 'updowncounter', 'v8js_memory_heap_used_bytes'],
    ['process.cpu.time', 's', 'counter', 'process_cpu_time_seconds_total'],
    ['net.io', 'By', 'counter', 'net_io_bytes_total'],
    ['orders.placed', '{order}', 'counter', 'orders_placed_total'],
    ['golden_signals.heartbeat.timestamp', 's', 'gauge', 'golden_signals_heartbeat_timestamp_seconds'],
    ['golden_signals.breaker.state', '{breaker}', 'gauge', 'golden_signals_breaker_state'],
    // The table of tests of the translator.
    ['system.io', 'foo/bar', 'counter', 'system_io_foo_per_bar_total'],
    ['network.io', 'By/s', 'gauge', 'network_io_bytes_per_second'],
    ['network (total)', 'By/s', 'counter', 'network_bytes_per_second_total'],
    ['foo.total', 's', 'counter', 'foo_seconds_total'],
    ['total', '', 'counter', 'total_total'],
    ['system.ratio', '1', 'gauge', 'system_ratio'],
    ['ratio.of.updown', '1', 'updowncounter', 'ratio_of_updown'],
    ['memory.bytes.used', 'By', 'gauge', 'memory_bytes_used'],
    ['fsync.rate', '{request}/s', 'gauge', 'fsync_rate_per_second'],
    ['fsync.rate', '1/{call}', 'gauge', 'fsync_rate'],
    ['temperature', 'Cel', 'gauge', 'temperature_celsius'],
    ['hardware', '%', 'gauge', 'hardware_percent'],
    ['jobs::done', '', 'gauge', 'jobs::done'],
    ['a__b--c', '', 'gauge', 'a_b_c'],
    ['2xx', '', 'counter', '_2xx_total'],
    ['a', 'constructor', 'gauge', 'a_constructor'],
  ])('%s in %s, a %s, reads %s', (name, unit, kind, expected) => {
    expect(written(name, unit, kind)).toBe(expected);
  });

  test('is none where no character can stand in one', () => {
    expect(familyName('名前', 's', 'gauge')).toBeUndefined();
    expect(familyName('', '', 'gauge')).toBeUndefined();
  });

  test('says its unit only where it ends with it: a scrape that says otherwise fails', () => {
    expect(familyName('a', 's', 'counter')).toEqual({ name: 'a_seconds', unit: 'seconds' });
    expect(familyName('a', 'By/s', 'gauge')?.unit).toBe('bytes_per_second');
    expect(familyName('a', '1', 'gauge')?.unit).toBe('ratio');
    expect(familyName('memory.bytes.used', 'By', 'gauge')?.unit).toBeUndefined();
    expect(familyName('a', '{request}', 'gauge')?.unit).toBeUndefined();
  });

  test('is one of Prometheus whatever it is made of', () => {
    const kind = fc.constantFrom<NameKind>('counter', 'gauge', 'updowncounter', 'histogram');
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string(), kind, (name, unit, of) => {
        const family = familyName(name, unit, of);
        if (family === undefined) return;
        expect(family.name).toMatch(/^[a-zA-Z_:][a-zA-Z0-9_:]*$/);
        if (family.unit !== undefined) expect(family.name.endsWith(`_${family.unit}`)).toBe(true);
      }),
    );
  });
});

describe('the name of a label', () => {
  test.each([
    ['http.request.method', 'http_request_method'],
    ['a--b', 'a_b'],
    ['1st', 'key_1st'],
    ['_hidden', 'key_hidden'],
    ['__name__', 'key_name_'],
    ['', 'key_'],
    ['le', 'exported_le'],
    ['otel.scope.name', 'exported_otel_scope_name'],
    ['süß', 's_'],
  ])('%s reads %s', (key, expected) => {
    expect(labelName(key)).toBe(expected);
  });

  test('is never one that Prometheus keeps for itself', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (key) => {
        expect(labelName(key)).toMatch(/^[a-zA-Z][a-zA-Z0-9_]*$/);
        expect(labelName(key)).not.toBe('le');
      }),
    );
  });
});
