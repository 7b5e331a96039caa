import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  abortNameOf,
  abortNames,
  isMailboxTypeOfAnyPackage,
  maxArgumentBytes,
  maxChunkBytes,
  maxPayloadBytes,
  maxPrekeysBytes,
  retirementEpochs,
} from './contract.ts';

describe('the contract as the client knows it', () => {
  let source: string;
  beforeAll(async () => {
    source = await readFile(new URL('../../../move/mailbox/sources/mailbox.move', import.meta.url), 'utf8');
  });

  const constant = (name: string): number =>
    Number(new RegExp(`const ${name}: u64 = ([\\d_]+);`).exec(source)?.[1]?.replaceAll('_', ''));

  it('has the abort codes of the Move source', () => {
    const codes = [...source.matchAll(/^const (E[A-Z]\w+): u64 = (\d+);$/gm)].map(([, name, code]) => [
      Number(code),
      name,
    ]);
    expect(codes).toEqual(abortNames.map((name, code) => [code, name]));
  });

  it('has the bounds of the Move source', () => {
    expect(constant('MAX_PAYLOAD_BYTES')).toBe(maxPayloadBytes);
    expect(constant('MAX_CHUNK_BYTES')).toBe(maxChunkBytes);
    expect(maxArgumentBytes).toBeLessThanOrEqual(maxChunkBytes);
    expect(maxPrekeysBytes).toBeLessThanOrEqual(constant('MAX_PREKEYS_BYTES'));
    expect(constant('RETIREMENT_EPOCHS')).toBe(retirementEpochs);
  });

  it('names aborts of its own package and module only', () => {
    const packageId = `0x${'a'.repeat(64)}`;
    const abort = { packageId, module: 'mailbox', code: 6n };
    expect(abortNameOf(packageId, abort)).toBe('EMailboxRetired');
    expect(abortNameOf(packageId, { ...abort, module: 'transfer' })).toBeNull();
    expect(abortNameOf(packageId, { ...abort, packageId: `0x${'b'.repeat(64)}` })).toBeNull();
    expect(abortNameOf(packageId, { ...abort, code: 2n ** 63n })).toBeNull();
  });

  it('tells a mailbox of another package from everything else', () => {
    expect(isMailboxTypeOfAnyPackage('0x5::mailbox::MailboxObject', 'MailboxObject')).toBe(true);
    for (const type of [
      'package',
      '0x5::mail::MailboxObject',
      '0x2::coin::Coin<0x5::mailbox::MailboxObject>',
      '0x5::mailbox::MailboxOwnerCap',
    ]) {
      expect(isMailboxTypeOfAnyPackage(type, 'MailboxObject')).toBe(false);
    }
  });
});
