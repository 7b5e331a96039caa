import { silentLogger } from '@wotid/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LedgerError } from '../ledger/errors.ts';
import type { Methods, RpcContext } from './context.ts';
import { Dispatcher } from './dispatch.ts';
import { maxBatchCalls } from './limits.ts';
import { parseText, parseU64 } from './params.ts';

let notified = 0;
const methods: Methods = {
  add: {
    params: ['a', 'b'],
    run: (params) => (params.required(0, 'a', parseU64) + params.required(1, 'b', parseU64)).toString(),
  },
  echo: { params: ['text'], run: (params) => params.required(0, 'text', parseText) },
  unprintable: { params: [], run: () => 1n as unknown as number },
  notify: { params: [], run: () => ++notified },
  later: { params: [], run: async () => Promise.resolve('done') },
  refuse: {
    params: [],
    run: () => {
      throw new LedgerError('USER_INPUT', 'no such object');
    },
  },
  bug: {
    params: [],
    run: () => {
      throw new TypeError('oops');
    },
  },
};
const dispatcher = new Dispatcher(methods, {} as RpcContext, silentLogger);
const answerOf = async (body: string, by = dispatcher): Promise<unknown> => {
  const text = await by.answer(body);
  return text === undefined ? undefined : JSON.parse(text);
};
const ask = (body: unknown, by = dispatcher): Promise<unknown> => answerOf(JSON.stringify(body), by);
const call = (method: string, params?: unknown, id: unknown = 1): object => ({
  jsonrpc: '2.0',
  id,
  method,
  params,
});

describe('JSON-RPC 2.0', () => {
  it('answers by position and by name, and keeps the id', async () => {
    expect(await ask(call('add', ['1', 2], 'x'))).toEqual({ jsonrpc: '2.0', id: 'x', result: '3' });
    expect(await ask(call('add', { b: '1', a: 2 }))).toEqual({ jsonrpc: '2.0', id: 1, result: '3' });
    expect(await ask(call('later'))).toEqual({ jsonrpc: '2.0', id: 1, result: 'done' });
    expect(await ask(call('later', null, null))).toEqual({ jsonrpc: '2.0', id: null, result: 'done' });
  });

  it('answers every kind of failure with its code', async () => {
    const codes: readonly (readonly [unknown, number])[] = [
      [call('nothing'), -32601],
      [call('toString'), -32601],
      [call('__proto__'), -32601],
      [call('add'), -32602],
      [call('add', [null, 1]), -32602],
      [call('add', ['-1', 1]), -32602],
      [call('add', 5), -32600],
      [call('refuse'), -32600],
      [call('bug'), -32603],
      [call('unprintable'), -32603],
      [{ jsonrpc: '1.0', id: 1, method: 'add' }, -32600],
      [{ jsonrpc: '2.0', id: 1, method: 5 }, -32600],
      [{ jsonrpc: '2.0', id: {}, method: 'add' }, -32600],
      [[], -32600],
      [5, -32600],
      [null, -32600],
    ];
    for (const [body, code] of codes) {
      expect(await ask(body), JSON.stringify(body)).toMatchObject({ jsonrpc: '2.0', error: { code } });
    }
    expect(await answerOf('{')).toMatchObject({ id: null, error: { code: -32700 } });
    expect(await answerOf('')).toMatchObject({ id: null, error: { code: -32700 } });
    expect(await ask(call('nothing'))).toMatchObject({
      error: { message: expect.stringContaining('not implemented by the embedded network') },
    });
  });

  it('runs notifications silently, and batches in order up to the limit', async () => {
    const before = notified;
    expect(await ask({ jsonrpc: '2.0', method: 'notify' })).toBeUndefined();
    expect(await ask({ jsonrpc: '2.0', method: 'add' })).toBeUndefined();
    expect(notified).toBe(before + 1);
    expect(
      await ask([call('add', [1, 2], 7), { jsonrpc: '2.0', method: 'notify' }, 3, call('nothing', [], 8)]),
    ).toMatchObject([
      { id: 7, result: '3' },
      { id: null, error: { code: -32600 } },
      { id: 8, error: { code: -32601 } },
    ]);
    const full = Array.from({ length: maxBatchCalls }, (_, index) => call('add', [index, 1], index));
    expect(await ask(full)).toHaveLength(maxBatchCalls);
    expect(await ask([...full, call('add', [1, 1])])).toMatchObject({ error: { code: -32600 } });
    expect(await ask([{ jsonrpc: '2.0', method: 'notify' }])).toBeUndefined();
  });

  it('refuses answers that would be too large, one by one in a batch', async () => {
    const small = new Dispatcher(methods, {} as RpcContext, silentLogger, 100);
    expect(await ask(call('echo', ['x'.repeat(90)]), small)).toMatchObject({ result: 'x'.repeat(90) });
    expect(await ask(call('echo', ['x'.repeat(99)]), small)).toMatchObject({ error: { code: -32600 } });
    const batch = [
      call('echo', ['x'.repeat(50)], 1),
      call('echo', ['x'.repeat(50)], 2),
      call('add', [1, 2], 3),
    ];
    expect(await ask(batch, small)).toMatchObject([
      { id: 1, result: 'x'.repeat(50) },
      { id: 2, error: { code: -32600 } },
      { id: 3, error: { code: -32600 } },
    ]);
  });

  it('answers any JSON and any text, and never throws', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.json(), fc.string()), async (body) => {
        const answer = await answerOf(body);
        for (const one of Array.isArray(answer) ? answer : [answer]) {
          if (one !== undefined) expect(one).toMatchObject({ jsonrpc: '2.0' });
        }
      }),
    );
  });
});
