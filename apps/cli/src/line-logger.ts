import type { Logger } from '@wotid/core';
import { toJson, type Output } from './output.ts';

/** A logger that writes lines: JSON on stdout with `--json`, short text on stderr otherwise. Debug lines are dropped. */
export function createLineLogger(output: Output): Logger {
  const write = (level: string, event: string, facts: Readonly<Record<string, unknown>> = {}): void => {
    if (output.json) output.result({ log: level, event, ...facts });
    else output.progress(`${level} ${event} ${toJson(facts)}`);
  };
  return {
    debug: () => {},
    info: (event, facts) => write('info', event, facts),
    warn: (event, facts) => write('warn', event, facts),
    error: (event, facts) => write('error', event, facts),
  };
}

/** A logger of a service: one JSON object a line on stderr, with its time, for whatever collects logs. */
export function createServiceLogger(): Logger {
  const write = (level: string, event: string, facts: Readonly<Record<string, unknown>> = {}): void => {
    process.stderr.write(`${toJson({ time: new Date().toISOString(), level, event, ...facts })}\n`);
  };
  return {
    debug: () => {},
    info: (event, facts) => write('info', event, facts),
    warn: (event, facts) => write('warn', event, facts),
    error: (event, facts) => write('error', event, facts),
  };
}
