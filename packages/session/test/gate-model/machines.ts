/**
 * The gate of `docs/security.md`, section 4, as a model: what each role checks and sends, in symbolic terms. Flaws can be
 * switched on; the search must then find an attack, or it would prove nothing about the gate without them.
 */
import type { Term, Terms } from './terms.ts';

/** Protections that can be left out. */
export type Flaw =
  | 'no PeerIds in th2'
  | 'no transcript in signatures'
  | 'levels outside of th2'
  | 'M4 before the verdict'
  | 'credential not bound to the block'
  | 'no signature in M4'
  | 'no prekey in the keys';

/** One end of one run. */
export interface Role {
  readonly name: string;
  readonly isInitiator: boolean;
  /** Whose keys and credential. */
  readonly who: string;
  /** PeerIds of the connection. */
  readonly ours: string;
  readonly theirs: string;
  /** Whom the initiator expects behind the dialled PeerId. */
  readonly expected?: string;
  /** Whose published KEM prekey the initiator encapsulates to. */
  readonly prekeyOf?: string;
  /** Levels that this end offers and accepts, in rising order; default {@link OFFERED}. */
  readonly levels?: string;
  /** The level that this end has reached with everybody before. */
  readonly reached?: string;
}

/** Where an end stands. */
export type Phase =
  'start' | 'awaits M2' | 'awaits M3' | 'awaits M4' | 'awaits M5' | 'awaits M6' | 'done' | 'dead';

/** An end: a value, changed by receiving. */
export interface Machine {
  readonly role: Role;
  readonly phase: Phase;
  readonly m1: Term | null;
  /** HKDF of both secrets and th2. */
  readonly key: Term | null;
  /** The attacker can compute the key. */
  readonly isKeyKnown: boolean;
  readonly th2: Term | null;
  readonly th: Term | null;
  readonly level: string;
  /** Identity whose signature and credential were accepted. */
  readonly peer: string | null;
  /** th4, once M4 was sent or accepted. */
  readonly gateHash: Term | null;
  readonly out: readonly Term[];
}

export const ATTACKER = 'mallory';
/** The levels of honest ends that accept more than the highest, which is to be agreed on. */
export const OFFERED = '23';
/** Below it a signature is one that a quantum computer forges. */
export const HYBRID = '3';
/** No encapsulation to a prekey. */
const NONE = 'none';

export class GateModel {
  readonly #t: Terms;
  readonly #flaw: Flaw | null;

  constructor(terms: Terms, flaw: Flaw | null) {
    this.#t = terms;
    this.#flaw = flaw;
  }

  start(role: Role): Machine {
    const idle: Machine = {
      role,
      phase: 'start',
      m1: null,
      key: null,
      isKeyKnown: false,
      th2: null,
      th: null,
      level: '',
      peer: null,
      gateHash: null,
      out: [],
    };
    if (!role.isInitiator) return idle;
    const { name, levels = OFFERED, prekeyOf = NONE } = role;
    const m1 = this.m1(levels, name, name, name, prekeyOf, prekeyOf === NONE ? NONE : name);
    return { ...idle, phase: 'awaits M2', m1, out: [m1] };
  }

  /**
   * Nonce, ephemeral key and KEM key are named by who made them, the encapsulation to a published prekey by its owner and
   * by who encapsulated.
   */
  m1(
    levels: string,
    nonce: string,
    ephemeral: string,
    kem: string,
    prekeyOf: string = NONE,
    encapsulator: string = NONE,
  ): Term {
    return this.#t.make('M1', levels, nonce, ephemeral, kem, prekeyOf, encapsulator);
  }

  /** The ciphertext is named by the KEM key it is for and by who encapsulated. */
  m2(level: string, nonce: string, ephemeral: string, kem: string, encapsulator: string): Term {
    return this.#t.make('M2', level, nonce, ephemeral, kem, encapsulator);
  }

  sealed(key: Term, direction: 'A' | 'B', th: Term, plaintext: Term): Term {
    return this.#t.make('sealed', key, direction, th, plaintext);
  }

  claims(kind: 'M3' | 'M4', identity: string, credential: string, signature: Term): Term {
    return this.#t.make(kind, identity, credential, signature);
  }

  /** What `signer` signs at a place of the transcript, with the algorithms of the level. */
  signature(
    signer: string,
    kind: 'M3' | 'M4',
    { th, level }: Pick<Machine, 'th' | 'level'>,
    identity: string,
    credential: string,
  ): Term {
    const place = this.#flaw === 'no transcript in signatures' ? 'anywhere' : (th as Term);
    const algorithm = level === HYBRID ? 'hybrid' : 'classical';
    return this.#t.make('signature', algorithm, signer, kind, place, identity, credential);
  }

  /** The transcript after a sealed frame. */
  moved(th: Term, frame: Term): Term {
    return this.#t.make('th', th, frame);
  }

  /** The machine after a frame; `dead` when it refuses. */
  receive(machine: Machine, frame: Term): Machine {
    const dead: Machine = { ...machine, phase: 'dead' };
    switch (machine.phase) {
      case 'start':
        return this.#t.tag(frame) === 'M1' ? this.#receiveM1(machine, frame) : dead;
      case 'awaits M2':
        return this.#t.tag(frame) === 'M2' ? this.#receiveM2(machine, frame) : dead;
      case 'awaits M3':
        return this.#receiveClaims(machine, frame, 'M3') ?? dead;
      case 'awaits M4':
        return this.#receiveClaims(machine, frame, 'M4') ?? dead;
      case 'awaits M5':
        return this.#receiveSession(machine, frame, 'M5') ?? dead;
      case 'awaits M6':
        return this.#receiveSession(machine, frame, 'M6') ?? dead;
      default:
        return machine;
    }
  }

  /** True for two M1 that differ in the offered levels at most. */
  isSameHello(one: Term | null, other: Term | null): boolean {
    return one !== null && other !== null && this.#levelless(one) === this.#levelless(other);
  }

  /** What an end learns that has the key of a sealed frame. */
  plaintext(frame: Term): Term {
    return this.#t.parts(frame)[3] as Term;
  }

  #receiveM1(machine: Machine, frame: Term): Machine {
    const { role } = machine;
    const [levels, nonce, ephemeral, kem, prekeyOf] = this.#t.parts(frame) as Five;
    if (nonce === role.name || ephemeral === role.name) return { ...machine, phase: 'dead' };
    if (prekeyOf !== NONE && prekeyOf !== role.who) return { ...machine, phase: 'dead' };
    const level = [...levels].findLast((offered) => levelsOf(role).includes(offered));
    if (level === undefined) return { ...machine, phase: 'dead' };
    const m2 = this.m2(level, role.name, role.name, kem, role.name);
    const keyed = this.#keyed({ ...machine, m1: frame, level }, frame, m2, ephemeral, [kem, role.name]);
    return { ...keyed, phase: 'awaits M3', out: [m2] };
  }

  #receiveM2(machine: Machine, frame: Term): Machine {
    const { role, m1 } = machine;
    const [level, nonce, ephemeral, kem, encapsulator] = this.#t.parts(frame) as [
      string,
      string,
      string,
      string,
      string,
    ];
    if (nonce === role.name || ephemeral === role.name || !levelsOf(role).includes(level)) {
      return { ...machine, phase: 'dead' };
    }
    // A ciphertext for another key gives a secret that nobody has (implicit rejection).
    const secret =
      kem === role.name
        ? ([kem, encapsulator] as const)
        : ([`rejected by ${role.name}`, encapsulator] as const);
    const keyed = this.#keyed({ ...machine, level }, m1 as Term, frame, ephemeral, secret);
    return this.#send({ ...keyed, phase: 'awaits M4' }, this.#ownClaims(keyed, 'M3'));
  }

  #keyed(
    machine: Machine,
    m1: Term,
    m2: Term,
    theirEphemeral: string,
    secret: readonly [string, string],
  ): Machine {
    const { role } = machine;
    const peerIds = role.isInitiator ? [role.ours, role.theirs] : [role.theirs, role.ours];
    const hellos =
      this.#flaw === 'levels outside of th2' ? [this.#levelless(m1), this.#levelless(m2)] : [m1, m2];
    const th2 = this.#t.make('th2', ...(this.#flaw === 'no PeerIds in th2' ? [] : peerIds), ...hellos);
    const dh = this.#t.make('dh', ...[role.name, theirEphemeral].toSorted());
    const ss = this.#t.make('ss', ...secret);
    const [prekeyOf, encapsulator] = this.#t.parts(m1).slice(4) as [string, string];
    const hasPrekey = prekeyOf !== NONE && this.#flaw !== 'no prekey in the keys';
    const secrets = hasPrekey ? [dh, ss, this.#t.make('ssK', prekeyOf, encapsulator)] : [dh, ss];
    // The owner of a prekey is honest: of its secrets the attacker knows those that it has encapsulated itself.
    const isPrekeyKnown = !hasPrekey || encapsulator === ATTACKER;
    const isKeyKnown = theirEphemeral === ATTACKER && secret.includes(ATTACKER) && isPrekeyKnown;
    return { ...machine, key: this.#t.make('key', ...secrets, th2), isKeyKnown, th2, th: th2 };
  }

  #levelless(hello: Term): Term {
    return this.#t.make('hello', ...this.#t.parts(hello).slice(1));
  }

  #ownClaims(machine: Machine, kind: 'M3' | 'M4'): Term {
    const { who } = machine.role;
    return this.claims(kind, who, who, this.signature(who, kind, machine, who, who));
  }

  #send(machine: Machine, plaintext: Term): Machine {
    const direction = machine.role.isInitiator ? 'A' : 'B';
    const frame = this.sealed(machine.key as Term, direction, machine.th as Term, plaintext);
    return { ...machine, out: [...machine.out, frame], th: this.moved(machine.th as Term, frame) };
  }

  /** The plaintext, when the frame was sealed for us at this place. */
  #open(machine: Machine, frame: Term): Term | null {
    if (this.#t.tag(frame) !== 'sealed') return null;
    const [key, direction, th, plaintext] = this.#t.parts(frame);
    const expected = machine.role.isInitiator ? 'B' : 'A';
    return key === machine.key && direction === expected && th === machine.th ? (plaintext as Term) : null;
  }

  #receiveClaims(machine: Machine, frame: Term, kind: 'M3' | 'M4'): Machine | null {
    const plaintext = this.#open(machine, frame);
    if (plaintext === null || this.#t.tag(plaintext) !== kind) return null;
    const isAccepted = this.#isAccepted(machine, plaintext, kind);
    const [identity] = this.#t.parts(plaintext) as [string];
    const moved = { ...machine, th: this.moved(machine.th as Term, frame) };
    if (kind === 'M4') {
      if (!isAccepted) return null;
      const done: Machine = { ...moved, peer: identity, gateHash: moved.th, phase: 'awaits M6' };
      return this.#send(done, this.#t.make('M5', machine.role.name));
    }
    if (!isAccepted && this.#flaw !== 'M4 before the verdict') return null;
    const answered = this.#send(moved, this.#ownClaims(moved, 'M4'));
    if (!isAccepted) return { ...answered, phase: 'dead' };
    return { ...answered, peer: identity, gateHash: answered.th, phase: 'awaits M5' };
  }

  /** The credential names the identity, the identity is not ours, and it has signed this transcript. */
  #isAccepted(machine: Machine, plaintext: Term, kind: 'M3' | 'M4'): boolean {
    const { role } = machine;
    const [identity, credential, signature] = this.#t.parts(plaintext) as [string, string, Term];
    if (identity === role.who || credential === 'none') return false;
    if (credential !== identity && this.#flaw !== 'credential not bound to the block') return false;
    if (role.expected !== undefined && identity !== role.expected) return false;
    if (role.reached !== undefined && machine.level < role.reached) return false;
    if (kind === 'M4' && this.#flaw === 'no signature in M4') return true;
    return signature === this.signature(identity, kind, machine, identity, credential);
  }

  #receiveSession(machine: Machine, frame: Term, kind: 'M5' | 'M6'): Machine | null {
    const plaintext = this.#open(machine, frame);
    if (plaintext === null || this.#t.tag(plaintext) !== kind) return null;
    const moved = { ...machine, th: this.moved(machine.th as Term, frame) };
    const done: Machine = { ...moved, phase: 'done' };
    return kind === 'M6' ? done : this.#send(done, this.#t.make('M6', machine.role.name));
  }
}

type Five = readonly [string, string, string, string, string];

/** Levels that an end offers and accepts. */
export function levelsOf(role: Role): string {
  return role.levels ?? OFFERED;
}
