import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { armor, armorLabels, ArmorError, unarmor } from './armor.ts';

const label = armorLabels.card;

function messageOf(text: string): string {
  try {
    unarmor(label, text);
  } catch (error) {
    expect(error).toBeInstanceOf(ArmorError);
    return (error as ArmorError).message;
  }
  return 'accepted';
}

describe('armor', () => {
  it('gives back what was put in, through mail and copy-paste', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), fc.string(), (bytes, around) => {
        const text = armor(label, bytes);
        expect(text.split('\n').every((line) => line.length <= 64)).toBe(true);
        expect(unarmor(label, text)).toEqual(bytes);
        const mailed = `${around.replaceAll('-', '')}\n${text.replaceAll('\n', '\r\n  ')}\n-- \n${around.replaceAll('-', '')}`;
        expect(unarmor(label, mailed)).toEqual(bytes);
      }),
    );
  });

  it('is the textual encoding of RFC 7468', () => {
    expect(armor(armorLabels.request, new Uint8Array(49).fill(255))).toBe(
      `-----BEGIN WOT.ID CREDENTIAL REQUEST-----\n${'/'.repeat(64)}\n/w==\n-----END WOT.ID CREDENTIAL REQUEST-----\n`,
    );
  });

  it('refuses what holds no such thing, two of them, or damage, and says which', () => {
    const text = armor(label, new Uint8Array(100).fill(7));
    expect(messageOf('')).toContain('does not hold one WOT.ID CONTACT CARD');
    expect(messageOf(text + text)).toContain('does not hold one');
    expect(messageOf(text.replace('END', 'FIN'))).toContain('does not hold one');
    expect(messageOf(armor(armorLabels.credential, new Uint8Array(3)))).toContain(
      'it holds a WOT.ID CREDENTIAL',
    );
    for (const damage of ['!', '=', 'é'])
      expect(messageOf(text.replace('BwcH', `Bw${damage}H`))).toContain('not base64');
    expect(messageOf(text.replace('BwcH', 'Bwc'))).toContain('not base64');
  });
});
