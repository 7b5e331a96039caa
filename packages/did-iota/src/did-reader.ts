/** Reading identities: DID to document, address to the identities that it controls. */
import type { DIDDocument } from 'did-resolver';
import { assertDocument } from './documents.ts';
import { runInLibrary } from './identity-library.ts';
import { iotaDidOf, parseIotaDid } from './iota-did.ts';
import type { ControlledIdentity, IdentityState, Operations } from './library/operations.ts';
import { defaultTimeoutMs } from './limits.ts';
import type { DidNetwork } from './networks.ts';

/** Settings of a {@link DidReader}. */
export interface DidReaderInit {
  readonly rpcUrl: string;
  readonly network: DidNetwork;
  /** Bound of one operation with all its calls, milliseconds; default 8,000. */
  readonly timeoutMs?: number;
}

/** An identity as it is now. */
export interface ResolvedDid extends Omit<IdentityState, 'document'> {
  readonly did: string;
  /** `null` when it is deactivated. */
  readonly document: DIDDocument | null;
}

/** Reads identities of one network from one node. */
export class DidReader {
  readonly network: DidNetwork;
  readonly #rpcUrl: string;
  readonly #timeoutMs: number;

  constructor(init: DidReaderInit) {
    this.network = init.network;
    this.#rpcUrl = init.rpcUrl;
    this.#timeoutMs = init.timeoutMs ?? defaultTimeoutMs;
  }

  /**
   * The document of a DID. One that is deactivated is an answer, not an error.
   * @throws DidIotaError `BAD_DID`, `WRONG_NETWORK`, `NOT_FOUND`, `NOT_AN_IDENTITY`, `BAD_DOCUMENT`, `WRONG_CHAIN`,
   *   `RPC_UNREACHABLE`, `RPC_REFUSED`, `LIBRARY_FAILED`, `BUSY`; the signal's reason
   */
  async resolve(did: string, signal?: AbortSignal): Promise<ResolvedDid> {
    const { document, ...state } = await this.run(
      'read',
      { objectId: parseIotaDid(did, this.network) },
      signal,
    );
    return { did, ...state, document: document === null ? null : assertDocument(document, did) };
  }

  /** DIDs of the identities that an address controls; at most 50. @throws DidIotaError as {@link resolve} */
  async didsControlledBy(address: string, signal?: AbortSignal): Promise<readonly string[]> {
    const controlled = await this.controlledBy(address, signal);
    return controlled.map(({ objectId }) => iotaDidOf(this.network, objectId));
  }

  /**
   * The identities that an address controls, with the capabilities; at most 50 are looked at.
   * @throws DidIotaError as {@link resolve}
   */
  controlledBy(address: string, signal?: AbortSignal): Promise<readonly ControlledIdentity[]> {
    return this.run('controlledBy', { address }, signal);
  }

  /** Runs an operation of the library within the time. @throws DidIotaError; the signal's reason */
  async run<Name extends keyof Operations>(
    name: Name,
    input: Operations[Name]['input'],
    signal?: AbortSignal,
  ): Promise<Operations[Name]['result']> {
    signal?.throwIfAborted();
    const timeout = AbortSignal.timeout(this.#timeoutMs);
    const ended = signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
    try {
      return await runInLibrary(name, { rpcUrl: this.#rpcUrl, network: this.network }, input, ended);
    } catch (error) {
      if (signal?.aborted === true) throw signal.reason;
      throw error;
    }
  }
}
