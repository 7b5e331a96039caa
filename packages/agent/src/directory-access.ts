/**
 * The directory that this agent uses, if any: which one, and one-time pairs of other people out of it. It is asked, never
 * believed, and whatever it does not answer is had from the chain.
 */
import type { Clock, Logger } from '@wotid/core';
import type { CryptoProvider } from '@wotid/crypto';
import { DirectoryClient } from '@wotid/directory';
import { AgentError } from './errors.ts';
import type { Home } from './home/home.ts';
import type { LiveIdentity } from './identity.ts';
import { settingNames } from './network-profile.ts';
import type { PrekeySource } from './peer-prekeys.ts';

export interface DirectoryAccessInit {
  readonly home: Home;
  readonly provider: CryptoProvider;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly ours: LiveIdentity;
  /** DID URL of our Ed25519 key. */
  readonly keyId: () => string;
  /** Our Verified Human credential, or `null`. */
  readonly credential: () => Uint8Array | null;
}

export class DirectoryAccess implements PrekeySource {
  readonly #init: DirectoryAccessInit;
  #client: { readonly url: string; readonly idFp: string; readonly client: DirectoryClient } | undefined;

  constructor(init: DirectoryAccessInit) {
    this.#init = init;
  }

  /** Its origin; `null` while none is set. */
  get url(): string | null {
    return this.#init.home.settings.get(settingNames.directoryUrl) ?? null;
  }

  /** The origin of a URL that can be used. @throws DirectoryError `BAD_DIRECTORY_URL` */
  originOf(url: string | null): string | null {
    return url === null ? null : this.#make(url).url;
  }

  /**
   * Uses another directory from now on, or none.
   * @param url an origin such as `https://id.example`; http on this machine alone
   * @throws DirectoryError `BAD_DIRECTORY_URL`; nothing has changed then
   */
  use(url: string | null): void {
    const origin = this.originOf(url);
    this.#init.home.settings.set({ [settingNames.directoryUrl]: origin ?? undefined });
  }

  /** The directory as we speak to it, with the keys that we have now; `null` while none is set. @throws AgentError `NO_DID` */
  client(): DirectoryClient | null {
    const { url } = this;
    if (url === null) return null;
    this.#init.ours.requireDid();
    const idFp = this.#init.ours.idFp.toHex();
    if (this.#client?.url !== url || this.#client.idFp !== idFp) {
      this.#client = { url, idFp, client: this.#make(url) };
    }
    return this.#client.client;
  }

  /** @throws AgentError `NO_DIRECTORY`, `NO_DID` */
  requireClient(): DirectoryClient {
    const client = this.client();
    if (client !== null) return client;
    throw new AgentError('NO_DIRECTORY', 'no directory is set', {
      hint: 'Set one with wotid directory set URL, or exchange contact cards.',
    });
  }

  /** See {@link PrekeySource}. A pair of another publication than the chain's is of no use. @throws DirectoryError */
  async oneTimePair(
    request: { readonly did: string; readonly number: number },
    signal: AbortSignal,
  ): Promise<Uint8Array | null> {
    const client = this.client();
    if (client === null || this.#init.credential() === null) return null;
    const claimed = await client.claimPair(request.did, signal);
    if (claimed === null) return null;
    if (claimed.number === request.number) return claimed.pair;
    this.#init.logger.warn('directory.other-prekeys', { ...request, offered: claimed.number });
    return null;
  }

  #make(url: string): DirectoryClient {
    const { provider, clock, ours, keyId, credential } = this.#init;
    const { keys, block } = ours;
    return new DirectoryClient({ url, provider, clock, keys, block, kid: keyId(), credential });
  }
}
