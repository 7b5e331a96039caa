import { AgentError } from '@wotid/agent';
import { WotError } from '@wotid/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseIota } from './commands/wallet.ts';
import { formatError, formatTable, formatTime, printable, toJson } from './output.ts';

describe('times', () => {
  it('of a peer that names one beyond all dates are shown, and what stands beside them too', () => {
    expect(formatTime(Date.UTC(2026, 5, 1, 12, 0, 0, 7))).toBe('2026-06-01T12:00:00Z');
    expect(formatTime(Number.MAX_SAFE_INTEGER)).toBe('9007199254740991 ms');
  });
});

describe('printable', () => {
  it('leaves no character that could move a cursor, recolour or reorder a terminal line', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        for (const character of printable(text)) {
          const isHarmless =
            !/[\p{C}\p{Zl}\p{Zp}]/u.test(character) || /[\u200c\u200d\p{Co}\p{Cn}]/u.test(character);
          expect(isHarmless, `U+${character.codePointAt(0)?.toString(16)}`).toBe(true);
        }
      }),
    );
    expect(printable('a\u001b[31mred\u202eevil\u200f\ufeff')).toBe(
      'a\\u{1b}[31mred\\u{202e}evil\\u{200f}\\u{feff}',
    );
    expect(printable('hi\n2  did:jwk:bob\tpay')).toBe('hi\\n2  did:jwk:bob\\tpay');
    expect(printable('Grüße 🙂 👩‍🚀')).toBe('Grüße 🙂 👩‍🚀');
  });
});

describe('formatError', () => {
  const error = new AgentError('NO_CONTACT', 'nobody here is known as \u001b[2Jbob', {
    hint: 'Add their card.',
    data: { tried: 3n },
    cause: new Error('inner'),
  });

  it('is one line that says what and what to do, with the stack only on demand', () => {
    const line = formatError(error, false, false);
    expect(line).toBe('wotid: nobody here is known as \\u{1b}[2Jbob. Add their card.');
    expect(formatError(error, true, false)).toContain('output.test.ts');
  });

  it('is an object with code, hint and data in JSON', () => {
    expect(JSON.parse(formatError(error, false, true))).toEqual({
      error: 'nobody here is known as \u001b[2Jbob',
      code: 'NO_CONTACT',
      hint: 'Add their card.',
      data: { tried: '3' },
    });
    expect(JSON.parse(formatError(new Error('boom'), false, true))).toEqual({
      error: 'boom',
      code: 'UNEXPECTED',
    });
    expect(JSON.parse(formatError(new WotError('X', 'y'), false, true))).toMatchObject({
      code: 'X',
      hint: '',
    });
  });
});

describe('a table', () => {
  it('has one row a message, whatever a message says', () => {
    const forged = formatTable([{ position: 1, text: 'hi\n2         did:jwk:bob  pay 5 IOTA' }]);
    expect(forged.split('\n')).toHaveLength(2);
  });
});

describe('values', () => {
  it('writes big numbers as text and bytes as base64', () => {
    expect(toJson({ nanos: 10n ** 20n, bytes: Uint8Array.of(1, 2, 3) })).toBe(
      '{"nanos":"100000000000000000000","bytes":"AQID"}',
    );
  });

  it('aligns the columns of a table', () => {
    expect(
      formatTable([
        { name: 'a', value: 1 },
        { name: 'long', value: null },
      ]),
    ).toBe(['name  value', 'a     1', 'long  -'].join('\n'));
  });
});

describe('parseIota', () => {
  it('reads what a person writes, to the NANO', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 18n }), (nanos) => {
        const text = `${nanos / 1_000_000_000n}.${String(nanos % 1_000_000_000n).padStart(9, '0')}`;
        expect(parseIota(text)).toBe(nanos);
      }),
    );
    expect(parseIota('1.5')).toBe(1_500_000_000n);
  });

  it.each(['', '-1', '1.', '.5', '1,5', '1e9', '1.0000000001', ' 1', '0x10'])('refuses %j', (text) => {
    expect(() => parseIota(text)).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });
});
