/**
 * What both roles of the gate share: one frame at a time, one end, keys wiped at that end. It knows no order of
 * messages.
 */
import { DecodeError, errorText } from '@wotid/core';
import { CryptoError } from '@wotid/crypto';
import { SessionError, type SessionErrorCode } from '../errors.ts';
import { gateCodeName, gateCodes, wireGateCode, type GateCode } from './codes.ts';
import { GateError, GateRefusal } from './errors.ts';
import { MAX_GATE_CREDENTIAL_BYTES, MAX_GATE_HELLO_BYTES } from './limits.ts';
import { encodeTerminate, frameKinds, sealedKinds, type SealedKind } from './messages.ts';
import type {
  GateInit,
  GateResult,
  GateObservation,
  GateSessionContext,
  GateStep,
  GateTermination,
  LiveSession,
} from './ports.ts';
import type { GateChoice } from './negotiation.ts';
import type { GateChannel } from './transcript.ts';

/** What the session layer says of a peer's bytes; its other errors are about us. */
const badPeerBytes: ReadonlySet<SessionErrorCode> = new Set([
  'DECRYPT_FAILED',
  'INIT_REJECTED',
  'PQ_CONFLICT',
]);

/**
 * One run of the gate. Bytes in, bytes out; the owner moves frames and keeps time (`gateTimeouts`). Nothing a peer sends
 * makes a method throw: the gate ends with `terminate`.
 */
export abstract class GateMachine<Credential> {
  readonly #end = new AbortController();
  readonly #observer: GateInit<Credential>['observe'];
  #channel: GateChannel | undefined;
  #isBusy = false;

  constructor(init: GateInit<Credential>) {
    if (init.credential.length > MAX_GATE_CREDENTIAL_BYTES) {
      throw new GateError('CREDENTIAL_TOO_LARGE', `our credential has ${init.credential.length} bytes`, {
        hint: `the gate takes at most ${MAX_GATE_CREDENTIAL_BYTES}: ask the issuer for a smaller one`,
        data: { bytes: init.credential.length, maxBytes: MAX_GATE_CREDENTIAL_BYTES },
      });
    }
    this.#observer = init.observe;
  }

  /** True after `done`, `terminate` or {@link abort}. */
  get hasEnded(): boolean {
    return this.#end.signal.aborted;
  }

  /**
   * Takes one frame of the peer (without its length prefix), whole and in order.
   * @returns the frames to send and, with the last step, how it ended. After an {@link abort} meanwhile: nothing.
   * @throws GateError `GATE_ENDED`, `GATE_BUSY`, `GATE_NOT_STARTED`: mistakes of the caller
   */
  async receive(frame: Uint8Array): Promise<GateStep<Credential>> {
    this.#assertRunning();
    if (this.#isBusy) throw new GateError('GATE_BUSY', 'the last frame is still being worked on');
    this.#isBusy = true;
    try {
      const step = await this.handle(frame);
      if (this.hasEnded) return { send: [] };
      if (step.done !== undefined) this.#finish();
      return step;
    } catch (error) {
      if (error instanceof GateError) throw error;
      return this.hasEnded ? { send: [] } : this.#refuse(error);
    } finally {
      this.#isBusy = false;
    }
  }

  /**
   * Ends the gate for a reason of ours: TIMEOUT, RATE, GLARE, POLICY. Allowed at any time, also during `receive`. The
   * frames tell the peer; they need not arrive.
   * @throws GateError `GATE_ENDED`
   */
  abort(code: GateCode, reason: string = gateCodeName(code)): GateStep<Credential> {
    this.#assertRunning();
    return this.#refuse(new GateRefusal(code, reason));
  }

  /** Ends the gate without a word, because the connection is gone. Idempotent. */
  dispose(): void {
    if (!this.hasEnded) this.#finish();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** One frame in the order of the role. Leaves by {@link GateRefusal} when the peer is refused. */
  protected abstract handle(frame: Uint8Array): Promise<GateStep<Credential>>;

  /** Drops the role's own secrets; called once. */
  protected abstract release(): void;

  protected get signal(): AbortSignal {
    return this.#end.signal;
  }

  /** The sealed channel. @throws when no keys exist yet (a bug) */
  protected get channel(): GateChannel {
    if (this.#channel === undefined) throw new TypeError('the gate has no keys yet');
    return this.#channel;
  }

  protected set channel(channel: GateChannel) {
    this.#channel = channel;
  }

  /** The body of a plaintext frame of `kind`, or the peer's Terminate. @throws GateRefusal, PeerTermination */
  protected expectHello(frame: Uint8Array, kind: number): void {
    this.observe('received', frame);
    if (frame[0] === frameKinds.terminate && frame.length === 2)
      throw new PeerTermination(frame[1] as number);
    if (frame[0] !== kind || frame.length > MAX_GATE_HELLO_BYTES) {
      throw new GateRefusal(
        gateCodes.MALFORMED,
        `expected message ${kind} of at most ${MAX_GATE_HELLO_BYTES} bytes`,
      );
    }
  }

  /** The body of a sealed frame of `kind`. @throws GateRefusal, PeerTermination */
  protected openSealed(frame: Uint8Array, kind: SealedKind): Uint8Array {
    const plaintext = this.channel.open(frame);
    this.observe('received', plaintext);
    if (plaintext[0] === sealedKinds.terminate && plaintext.length === 2) {
      throw new PeerTermination(plaintext[1] as number);
    }
    if (plaintext[0] !== kind) throw new GateRefusal(gateCodes.MALFORMED, `expected message ${kind}`);
    return plaintext.subarray(1);
  }

  /** A sealed frame around `plaintext`. */
  protected seal(plaintext: Uint8Array): Uint8Array {
    this.observe('sent', plaintext);
    return this.channel.seal(plaintext);
  }

  /** Shows a message, before encryption, to whoever audits this gate. */
  protected observe(direction: GateObservation['direction'], message: Uint8Array): void {
    if (this.#observer === undefined) return;
    const kind = message[0] ?? -1;
    const name = kind === sealedKinds.terminate ? 'Terminate' : `M${kind}`;
    this.#observer({ direction, name, plaintext: message.slice() });
  }

  /** Calls into the session layer and sorts its failures; leaves when the gate was aborted before or meanwhile. */
  protected async session<T>(run: () => T | Promise<T>): Promise<T> {
    this.signal.throwIfAborted();
    try {
      const result = await run();
      this.signal.throwIfAborted();
      return result;
    } catch (error) {
      if (error instanceof CryptoError) throw new GateRefusal(gateCodes.KEX, error.message, error);
      if (error instanceof SessionError && badPeerBytes.has(error.code)) {
        throw new GateRefusal(gateCodes.AEAD, error.message, error);
      }
      throw error;
    }
  }

  protected context(facts: Omit<GateSessionContext<Credential>, 'exporter'>): GateSessionContext<Credential> {
    return { ...facts, exporter: () => this.channel.exporter() };
  }

  /** The last step of a gate that was passed. */
  protected result(
    role: GateResult<Credential>['role'],
    context: GateSessionContext<Credential>,
    resumedSid: Uint8Array | null,
    isToPublishedPrekey: boolean,
  ): GateResult<Credential> {
    const { peer, credential, gateHash, level, suite, initiatedAtMs } = context;
    const did = peer.block.did;
    return {
      role,
      did,
      peer,
      credential,
      gateHash,
      level,
      suite,
      isToPublishedPrekey,
      resumedSid,
      initiatedAtMs,
    };
  }

  #assertRunning(): void {
    if (this.hasEnded) throw new GateError('GATE_ENDED', 'this gate has ended: start another one');
  }

  #refuse(error: unknown): GateStep<Credential> {
    const terminate = termination(error);
    const send = terminate.by === 'peer' ? [] : [this.#terminateFrame(terminate.wireCode)];
    this.#finish();
    return { send, terminate };
  }

  #terminateFrame(code: number): Uint8Array {
    if (this.#channel !== undefined) return this.seal(Uint8Array.of(sealedKinds.terminate, code));
    const frame = encodeTerminate(code);
    this.observe('sent', frame);
    return frame;
  }

  #finish(): void {
    this.#end.abort();
    this.#channel?.[Symbol.dispose]();
    this.release();
  }
}

/** Internal: the peer has ended the gate. */
class PeerTermination extends Error {
  readonly code: number;

  constructor(code: number) {
    super(`the peer ended the gate: ${gateCodeName(code)}`);
    this.code = code;
  }
}

function termination(error: unknown): GateTermination {
  if (error instanceof PeerTermination) {
    return { code: error.code, wireCode: error.code, by: 'peer', reason: error.message };
  }
  if (error instanceof GateRefusal) {
    const facts = {
      code: error.code,
      wireCode: wireGateCode(error.code),
      by: 'us',
      reason: error.message,
    } as const;
    return error.cause === undefined ? facts : { ...facts, cause: error.cause };
  }
  if (error instanceof DecodeError || error instanceof CryptoError) {
    const code = gateCodes.MALFORMED;
    return { code, wireCode: code, by: 'us', reason: error.message, cause: error };
  }
  // A failure of our own (storage, a bug): the peer learns nothing but that we do not go on.
  const code = gateCodes.POLICY;
  return { code, wireCode: code, by: 'us', reason: `our side failed: ${errorText(error)}`, cause: error };
}

/** A session of another level or suite does not go on: what was negotiated counts. */
export function resumableSid(live: LiveSession | null, { level, suite }: GateChoice): Uint8Array | null {
  return live !== null && live.level === level && live.suite === suite ? live.sid : null;
}

/** X25519 and ML-KEM secrets of one key exchange step; anything that is no key becomes `KEX`. */
export function keyExchange<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof CryptoError) throw new GateRefusal(gateCodes.KEX, error.message, error);
    throw error;
  }
}
