/** The issuers whose Verified Human credentials this agent accepts. */
import { fromUtf8, utf8 } from '@wotid/core';
import {
  encodeTrustedIssuer,
  issuerFingerprint,
  parseTrustedIssuer,
  type TrustedIssuer,
} from '@wotid/credential';
import type { CryptoProvider } from '@wotid/crypto';
import type { Home } from './home/home.ts';

/** What a user sees of a trusted issuer. */
export interface IssuerFacts {
  readonly did: string;
  /** SHA-256 over all that is pinned of it, in hex: what an issuer can read out to you. */
  readonly fingerprint: string;
  readonly statusOrigin: string | null;
  /** Number of the last change of its keys that was followed; 1 before the first. */
  readonly succession: number;
}

export class Trust {
  readonly #home: Home;
  readonly #provider: CryptoProvider;
  readonly #onChanged: () => void;
  #issuers: readonly TrustedIssuer[];

  /**
   * @param onChanged whoever was believed has to be looked at again
   * @throws CredentialError `BAD_TRUST_FILE` when a stored document is damaged
   */
  constructor(home: Home, provider: CryptoProvider, onChanged: () => void = () => {}) {
    this.#home = home;
    this.#provider = provider;
    this.#onChanged = onChanged;
    this.#issuers = home.issuers.list().map(({ document }) => parseTrustedIssuer(fromUtf8(document)));
  }

  get issuers(): readonly TrustedIssuer[] {
    return this.#issuers;
  }

  /** Pins an issuer. First messages that were refused are looked at again. @throws CredentialError `BAD_TRUST_FILE` */
  add(document: string): IssuerFacts {
    const issuer = parseTrustedIssuer(document);
    this.#pin(issuer);
    return this.#factsOf(issuer);
  }

  /**
   * Pins the keys that an issuer has changed to. First messages that were refused are looked at again.
   * @param from as it was pinned when the change was looked up
   * @returns false when something else is pinned by now; then nothing changes
   */
  succeed(from: TrustedIssuer, to: TrustedIssuer): boolean {
    if (from.did !== to.did || !this.#issuers.includes(from)) return false;
    this.#pin(to);
    return true;
  }

  /** What a document would pin; nothing is pinned. @throws CredentialError `BAD_TRUST_FILE` */
  describe(document: string): IssuerFacts {
    return this.#factsOf(parseTrustedIssuer(document));
  }

  list(): IssuerFacts[] {
    return this.#issuers.map((issuer) => this.#factsOf(issuer));
  }

  /** Trusts an issuer no longer: live links to those whom it vouched for end, and what they left unread stays so. */
  remove(did: string): { readonly removed: boolean } {
    const removed = this.#home.issuers.delete(did);
    this.#issuers = this.#issuers.filter((issuer) => issuer.did !== did);
    this.#onChanged();
    return { removed };
  }

  #pin(issuer: TrustedIssuer): void {
    this.#home.transaction(() => {
      this.#home.issuers.put({ did: issuer.did, document: utf8(encodeTrustedIssuer(issuer)) });
      this.#home.objects.forgetRefused();
    });
    this.#issuers = [...this.#issuers.filter(({ did }) => did !== issuer.did), issuer];
    this.#onChanged();
  }

  #factsOf(issuer: TrustedIssuer): IssuerFacts {
    const { did, statusOrigin, succession } = issuer;
    return { did, fingerprint: issuerFingerprint(this.#provider, issuer), statusOrigin, succession };
  }
}
