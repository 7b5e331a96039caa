/** Prometheus metrics of one service instance. Labels are route patterns and codes, never anything about a person. */
import { collectDefaultMetrics, Counter, Histogram, Registry } from 'prom-client';

export class Metrics {
  readonly #registry = new Registry();
  /** Seconds from the request's head to the answer's, by method, route pattern and status. */
  readonly httpSeconds: Histogram<'method' | 'route' | 'status'>;
  /** Requests refused before any work, by reason. */
  readonly httpRefused: Counter<'reason'>;
  /** What happened in the domain, by event name. */
  readonly events: Counter<'event'>;
  /** Expired rows that could not be removed, by task. */
  readonly housekeepingFailed: Counter<'task'>;

  constructor() {
    const registers = [this.#registry];
    collectDefaultMetrics({ register: this.#registry, prefix: 'wotid_' });
    this.httpSeconds = new Histogram({
      name: 'wotid_http_request_seconds',
      help: 'Time to answer a request',
      labelNames: ['method', 'route', 'status'],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25],
      registers,
    });
    this.httpRefused = new Counter({
      name: 'wotid_http_refused_total',
      help: 'Requests refused before any work',
      labelNames: ['reason'],
      registers,
    });
    this.events = new Counter({
      name: 'wotid_events_total',
      help: 'What happened: credentials issued, revoked, refused, prekeys handed out',
      labelNames: ['event'],
      registers,
    });
    this.housekeepingFailed = new Counter({
      name: 'wotid_housekeeping_failed_total',
      help: 'Removals of expired rows that failed, by task',
      labelNames: ['task'],
      registers,
    });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** The exposition text. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }
}
