/** How long it takes to refuse a code or nonce that the service did not make, by which byte of it is wrong. */
import { NodeProvider } from '@wotid/crypto';
import { decodeBase64Url, encodeBase64Url } from '@wotid/credential';
import type { TimingExperiment } from '@wotid/testkit';
import { ServiceSecret } from '../src/keys/service-secret.ts';

const provider = new NodeProvider();
const secret = new ServiceSecret(provider, provider.random.bytes(32));
const VARIANTS = 64;
const expiresAtMs = Date.UTC(2030, 0, 1);

/** The last 32 bytes are the MAC; `at` counts in them. */
function nonces(at: number): string[] {
  return Array.from({ length: VARIANTS }, () => {
    const bytes = decodeBase64Url(secret.createNonce(expiresAtMs)) as Uint8Array;
    bytes[24 + at] = (bytes[24 + at] as number) ^ 0x55;
    return encodeBase64Url(bytes);
  });
}

function codes(at: number): string[] {
  return Array.from({ length: VARIANTS }, () => {
    const [offerId, mac] = secret.offerCode(provider.random.bytes(8).toHex()).split('.') as [string, string];
    const bytes = decodeBase64Url(mac) as Uint8Array;
    bytes[at] = (bytes[at] as number) ^ 0x55;
    return `${offerId}.${encodeBase64Url(bytes)}`;
  });
}

export const experiments: readonly TimingExperiment<string>[] = [
  {
    name: 'identity.nonce',
    run: (nonce) => secret.nonceExpiry(nonce),
    classes: [
      { name: 'MAC wrong in its first byte', inputs: nonces(0) },
      { name: 'the same again', inputs: nonces(0) },
      { name: 'MAC wrong in its last byte', inputs: nonces(31) },
    ],
  },
  {
    name: 'identity.offer-code',
    run: (code) => secret.offerIdOf(code),
    classes: [
      { name: 'MAC wrong in its first byte', inputs: codes(0) },
      { name: 'the same again', inputs: codes(0) },
      { name: 'MAC wrong in its last byte', inputs: codes(31) },
    ],
  },
];
