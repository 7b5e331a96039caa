/**
 * All that can happen: every order, every loss, every frame that the attacker has seen or can make, to every end. Noise is
 * taken to be broken: the attacker reads and replaces frames on every connection, also between honest PeerIds.
 */
import {
  ATTACKER,
  GateModel,
  HYBRID,
  levelsOf,
  OFFERED,
  type Flaw,
  type Machine,
  type Role,
} from './machines.ts';
import { Terms, type Term } from './terms.ts';

/** What a search is about. */
export interface Scenario {
  readonly roles: readonly Role[];
  /** The attacker has keys, and a credential for them from a pinned issuer. */
  readonly isInsider: boolean;
  /** The attacker forges classical signatures: those of levels below 3. */
  readonly isQuantum?: boolean;
  readonly flaw?: Flaw;
}

/** What was found. */
export interface Found {
  readonly states: number;
  /** States in which all ends had finished with each other: the model can do what it is for. */
  readonly completed: number;
  readonly violations: ReadonlySet<string>;
}

/** Five times what the largest scenario has. */
const MAX_STATES = 100_000;

/** Searches all reachable states, or those up to the first violation, and collects what must never be. */
export function search(scenario: Scenario, init: { readonly isFirstEnough?: boolean } = {}): Found {
  const terms = new Terms();
  const model = new GateModel(terms, scenario.flaw ?? null);
  const violations = new Set<string>();
  const seen = new Set<string>();
  const first = scenario.roles.map((role) => model.start(role));
  const open: (readonly Machine[])[] = [first];
  seen.add(keyOf(first));
  let completed = 0;
  for (let state = open.pop(); state !== undefined; state = open.pop()) {
    for (const violation of violationsOf(state, scenario, model, terms)) violations.add(violation);
    if (violations.size > 0 && init.isFirstEnough === true) break;
    if (state.every(({ phase }) => phase === 'done')) completed++;
    const attacker = new Attacker(state, scenario, model, terms);
    for (const [at, machine] of state.entries()) {
      if (machine.phase === 'done' || machine.phase === 'dead') continue;
      for (const frame of attacker.framesFor(machine)) {
        const next = model.receive(machine, frame);
        if (isPointless(next, machine, state, model)) continue;
        const successor = state.with(at, next);
        const key = keyOf(successor);
        if (seen.has(key)) continue;
        if (seen.size >= MAX_STATES) throw new Error('the search is too large');
        seen.add(key);
        open.push(successor);
      }
    }
  }
  return { states: seen.size, completed, violations };
}

function keyOf(state: readonly Machine[]): string {
  return state
    .map(({ phase, key, th, out }) => `${phase[0]}${phase.at(-1)}:${key}:${th}:${out.join('.')}`)
    .join('|');
}

/**
 * Steps that lead to nothing new. An end that refuses a frame is as good as one that never got it. An end whose key neither
 * the attacker nor any other end has, or can come to have, sends nothing that opens anywhere.
 */
function isPointless(next: Machine, before: Machine, state: readonly Machine[], model: GateModel): boolean {
  if (next.phase === 'dead') return next.out.length === before.out.length;
  if (next.key === null || next.isKeyKnown) return false;
  return !state.some(
    (other) =>
      other.role.isInitiator !== next.role.isInitiator &&
      (other.key === next.key || (other.phase === 'awaits M2' && model.isSameHello(other.m1, next.m1))),
  );
}

/** What the attacker knows and can make in one state. */
class Attacker {
  readonly #state: readonly Machine[];
  readonly #model: GateModel;
  readonly #terms: Terms;
  /** Plaintexts of M3 and M4 that it can read. */
  readonly #read: readonly Term[];
  readonly #scenario: Scenario;

  constructor(state: readonly Machine[], scenario: Scenario, model: GateModel, terms: Terms) {
    this.#state = state;
    this.#model = model;
    this.#terms = terms;
    this.#scenario = scenario;
    this.#read = readBy(state, model, terms);
  }

  *framesFor(machine: Machine): Generator<Term> {
    yield* new Set(this.#state.flatMap(({ out }) => out));
    if (machine.phase === 'start') yield* this.#hellosM1(machine);
    if (machine.phase === 'awaits M2') yield* this.#hellosM2(machine);
    if (machine.isKeyKnown) yield* this.#sealedFor(machine);
  }

  /** Field by field from what was seen and from its own. */
  *#hellosM1({ role }: Machine): Generator<Term> {
    const makers = [ATTACKER, ...this.#initiators()];
    const prekeys = [...this.#prekeysOf(role.who)];
    for (const levels of new Set([levelsOf(role), '2']))
      for (const ephemeral of makers)
        for (const nonce of this.#nonces(makers, ephemeral))
          for (const kem of makers)
            for (const encapsulator of prekeys)
              yield this.#model.m1(levels, nonce, ephemeral, kem, ...encapsulator);
  }

  /** No encapsulation, its own, or one that somebody has sent: where prekeys are used at all. */
  *#prekeysOf(who: string): Generator<readonly [string, string] | readonly []> {
    yield [];
    const users = this.#state.filter(({ role }) => role.prekeyOf === who);
    if (users.length === 0) return;
    yield [who, ATTACKER];
    for (const { role } of users) yield [who, role.name];
  }

  *#hellosM2(machine: Machine): Generator<Term> {
    const makers = [ATTACKER, ...this.#responders(), ...this.#initiators()];
    const encapsulators = [ATTACKER, ...this.#responders()];
    for (const level of ['3', '2'])
      for (const ephemeral of makers)
        for (const nonce of this.#nonces(makers, ephemeral))
          for (const encapsulator of encapsulators) {
            const kem = encapsulator === ATTACKER ? machine.role.name : this.#kemUsedBy(encapsulator);
            yield this.#model.m2(level, nonce, ephemeral, kem, encapsulator);
          }
  }

  /** A nonce does nothing but make th2 another one: with many ends it is the attacker's or that beside the ephemeral key. */
  #nonces(makers: readonly string[], ephemeral: string): ReadonlySet<string> {
    return new Set(this.#state.length > 3 ? [ATTACKER, ephemeral] : makers);
  }

  *#sealedFor(machine: Machine): Generator<Term> {
    const [key, th] = [machine.key as Term, machine.th as Term];
    const direction = machine.role.isInitiator ? 'B' : 'A';
    for (const plaintext of this.#plaintextsFor(machine))
      yield this.#model.sealed(key, direction, th, plaintext);
  }

  *#plaintextsFor(machine: Machine): Generator<Term> {
    const kind = machine.role.isInitiator ? 'M4' : 'M3';
    yield this.#terms.make('M5', ATTACKER);
    yield this.#terms.make('M6', ATTACKER);
    yield* this.#read;
    const { isInsider, isQuantum = false } = this.#scenario;
    const credentials = new Set([isInsider ? ATTACKER : 'none']);
    const signatures: Term[] = [];
    for (const plaintext of this.#read) {
      const [, credential, signature] = this.#terms.parts(plaintext) as [string, string, Term];
      credentials.add(credential);
      signatures.push(signature);
    }
    for (const credential of credentials) {
      const own = this.#model.signature(ATTACKER, kind, machine, ATTACKER, credential);
      if (isQuantum && machine.level < HYBRID) {
        signatures.push(this.#model.signature(credential, kind, machine, credential, credential));
      }
      yield this.#model.claims(kind, ATTACKER, credential, own);
      // A credential that it has read, under its owner's block, with any signature that it has read or can make.
      for (const signature of [own, ...signatures])
        yield this.#model.claims(kind, credential, credential, signature);
    }
  }

  #initiators(): string[] {
    return this.#state.filter(({ role }) => role.isInitiator).map(({ role }) => role.name);
  }

  #responders(): string[] {
    return this.#state
      .filter(({ role, out }) => !role.isInitiator && out.length > 0)
      .map(({ role }) => role.name);
  }

  #kemUsedBy(responder: string): string {
    const machine = this.#state.find(({ role }) => role.name === responder) as Machine;
    return this.#terms.parts(machine.out[0] as Term)[3] as string;
  }
}

/** The claims under keys that the attacker can compute. */
function readBy(state: readonly Machine[], model: GateModel, terms: Terms): Term[] {
  return state
    .filter(({ isKeyKnown }) => isKeyKnown)
    .flatMap(({ out }) =>
      out.filter((frame) => terms.tag(frame) === 'sealed').map((frame) => model.plaintext(frame)),
    )
    .filter((plaintext) => ['M3', 'M4'].includes(terms.tag(plaintext)));
}

function* violationsOf(
  state: readonly Machine[],
  scenario: Scenario,
  model: GateModel,
  terms: Terms,
): Generator<string> {
  const partners = new Set<Machine>();
  for (const machine of state) {
    const { role, peer } = machine;
    if (machine.isKeyKnown && role.prekeyOf !== undefined) {
      yield `${role.name} is read by an attacker, although it knows the prekey of ${role.prekeyOf}`;
    }
    if (peer === null) continue;
    if (peer === ATTACKER) {
      if (!scenario.isInsider) yield `${role.name} accepts an attacker without a credential`;
      continue;
    }
    if (machine.isKeyKnown) yield `${role.name} believes to talk to ${peer}, and the attacker has the keys`;
    const partner = state.find((other) => isPartner(machine, other));
    if (partner === undefined) yield `${role.name} believes to talk to ${peer}, who does not agree`;
    else if (partners.has(partner)) yield `two ends believe to talk to ${partner.role.name}`;
    else partners.add(partner);
    if (machine.level !== OFFERED.at(-1)) yield `${role.name} and ${peer} have agreed on a lower level`;
  }
  const mayRead = new Set(state.flatMap(({ role, peer }) => (peer === ATTACKER ? [role.who] : [])));
  for (const plaintext of readBy(state, model, terms)) {
    const [identity] = terms.parts(plaintext) as [string];
    if (terms.tag(plaintext) === 'M4' && identity !== ATTACKER && !mayRead.has(identity)) {
      yield `${identity} was shown to an attacker without a credential`;
    }
  }
}

/** What both ends have to agree on: who they are, PeerIds, transcript, key and level. */
function isPartner(one: Machine, other: Machine): boolean {
  const isMirrored =
    one.role.isInitiator !== other.role.isInitiator &&
    other.role.who === one.peer &&
    one.role.ours === other.role.theirs &&
    one.role.theirs === other.role.ours;
  if (!isMirrored || one.key !== other.key || one.level !== other.level) return false;
  // A responder that has accepted M3 knows that the initiator has sent it; the initiator that it was accepted.
  if (!one.role.isInitiator && one.phase !== 'done') return one.th2 === other.th2;
  return other.peer === one.role.who && one.gateHash === other.gateHash;
}
