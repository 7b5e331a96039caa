/** Who an agent is: its secrets in the vault, and the DID that follows from them. */
import { didJwkOf } from '@wotid/credential';
import { IdentityKeys, wipe, type CryptoProvider, type GenerateIdentityInit } from '@wotid/crypto';
import { ownIdentity, type OwnIdentity } from '@wotid/session';
import { corrupt } from './home/home-error.ts';
import { secretNames, type Vault } from './home/vault.ts';

/** All Ed25519 seeds of the vault, and the seeds that Noise and IOTA keys are made from. */
const seedBytes = 32;

/**
 * Makes every key of a new agent and puts the secrets into the vault: identity (X25519, Ed25519, ML-DSA-87, and
 * Falcon-1024 if asked for), PeerId, and the two IOTA accounts. The DID is the did:jwk of the identity's Ed25519 key.
 */
export function createIdentity(
  provider: CryptoProvider,
  vault: Vault,
  init: GenerateIdentityInit = {},
): OwnIdentity {
  const keys = IdentityKeys.generate(provider, init);
  const secrets = {
    [secretNames.identity]: keys.exportSecrets(),
    [secretNames.peerKey]: provider.random.bytes(seedBytes),
    [secretNames.ownerAccount]: provider.random.bytes(seedBytes),
    [secretNames.postageAccount]: provider.random.bytes(seedBytes),
  };
  vault.set(secrets);
  wipe(...Object.values(secrets));
  return ownIdentity(provider, keys, didJwkOf(keys.ed25519.publicKey));
}

/** The identity in a vault. @throws HomeError `HOME_CORRUPT` when it is missing */
export function loadIdentity(provider: CryptoProvider, vault: Vault): OwnIdentity {
  const secrets = requireSecret(vault, secretNames.identity);
  try {
    const keys = IdentityKeys.fromSecrets(provider, secrets);
    return ownIdentity(provider, keys, didJwkOf(keys.ed25519.publicKey));
  } finally {
    wipe(secrets);
  }
}

/** A copy of a secret, the caller's to wipe. @throws HomeError `HOME_CORRUPT` when it is missing */
export function requireSecret(vault: Vault, name: string): Uint8Array<ArrayBuffer> {
  const secret = vault.get(name);
  if (secret === undefined) throw corrupt(`the vault (it has no ${name})`);
  return secret;
}
