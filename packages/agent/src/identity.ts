/**
 * Who an agent is: its secrets in the vault, and its DID. A did:jwk follows from the keys; a did:iota is published and
 * noted, and until then there is none.
 */
import { didJwkOf } from '@wotid/credential';
import { IdentityKeys, wipe, type CryptoProvider, type GenerateIdentityInit } from '@wotid/crypto';
import { ownIdentity, type OwnIdentity } from '@wotid/session';
import { AgentError } from './errors.ts';
import { corrupt } from './home/home-error.ts';
import type { Home } from './home/home.ts';
import { secretNames, type Vault } from './home/vault.ts';
import { settingNames } from './network-profile.ts';

/** All Ed25519 seeds of the vault, and the seeds that Noise and IOTA keys are made from. */
const seedBytes = 32;

/** `iota`: a document on chain, whose keys can change. `jwk`: the DID is the Ed25519 key itself. */
export type DidMethod = 'iota' | 'jwk';

/** How {@link createIdentity} makes an identity. */
export interface CreateIdentityInit extends GenerateIdentityInit {
  readonly didMethod: DidMethod;
}

/**
 * Makes every key of a new agent and puts the secrets into the vault: identity (X25519, Ed25519, ML-DSA-87, and
 * Falcon-1024 if asked for), PeerId, and the two IOTA accounts.
 * @returns the DID; `null` when it is yet to be published
 */
export function createIdentity(
  provider: CryptoProvider,
  home: Home,
  init: CreateIdentityInit,
): string | null {
  using keys = IdentityKeys.generate(provider, init);
  const secrets = {
    [secretNames.identity]: keys.exportSecrets(),
    [secretNames.peerKey]: provider.random.bytes(seedBytes),
    [secretNames.ownerAccount]: provider.random.bytes(seedBytes),
    [secretNames.postageAccount]: provider.random.bytes(seedBytes),
  };
  home.vault.set(secrets);
  wipe(...Object.values(secrets));
  home.settings.set({ [settingNames.didMethod]: init.didMethod });
  return init.didMethod === 'jwk' ? didJwkOf(keys.ed25519.publicKey) : null;
}

/** The method of a home's DID. Homes that were made before there was a choice have a did:jwk. */
export function didMethodOf(home: Home): DidMethod {
  return home.settings.get(settingNames.didMethod) === 'iota' ? 'iota' : 'jwk';
}

/** The keys under a name of the vault, with the home's DID. @throws HomeError `HOME_CORRUPT` when they are missing */
export function loadKeys(provider: CryptoProvider, vault: Vault, name: string): IdentityKeys {
  const secrets = requireSecret(vault, name);
  try {
    return IdentityKeys.fromSecrets(provider, secrets);
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

/**
 * Ourselves, as we are now. All parts of an agent hold this one object, so that a DID that was just published and keys
 * that were just rotated count for all of them at once.
 */
export class LiveIdentity implements OwnIdentity {
  readonly #provider: CryptoProvider;
  #current: OwnIdentity;
  #hasDid: boolean;

  private constructor(provider: CryptoProvider, current: OwnIdentity, hasDid: boolean) {
    this.#provider = provider;
    this.#current = current;
    this.#hasDid = hasDid;
  }

  /** The identity of a home. @throws HomeError `HOME_CORRUPT` */
  static load(provider: CryptoProvider, home: Home): LiveIdentity {
    const keys = loadKeys(provider, home.vault, secretNames.identity);
    const published = home.settings.get(settingNames.did);
    const hasDid = didMethodOf(home) === 'jwk' || published !== undefined;
    // Without a DID nothing is signed or shown; the did:jwk keeps the place.
    const did = published ?? didJwkOf(keys.ed25519.publicKey);
    return new LiveIdentity(provider, ownIdentity(provider, keys, did), hasDid);
  }

  get keys(): OwnIdentity['keys'] {
    return this.#current.keys;
  }

  get block(): OwnIdentity['block'] {
    return this.#current.block;
  }

  get idFp(): Uint8Array {
    return this.#current.idFp;
  }

  /** Our DID; `null` before it is published. */
  get did(): string | null {
    return this.#hasDid ? this.#current.block.did : null;
  }

  /** @throws AgentError `NO_DID` */
  requireDid(): string {
    if (this.#hasDid) return this.#current.block.did;
    throw new AgentError('NO_DID', 'you have no DID yet', { hint: 'Publish one with wotid did create.' });
  }

  /** We have a DID from now on; the keys stay. */
  publishedAs(did: string): void {
    this.#current = ownIdentity(this.#provider, this.#current.keys, did);
    this.#hasDid = true;
  }

  /** Other keys count from now on; the present ones are dropped. */
  rotatedTo(next: OwnIdentity): void {
    const former = this.#current;
    this.#current = next;
    former.keys[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    this.#current.keys[Symbol.dispose]();
  }
}
