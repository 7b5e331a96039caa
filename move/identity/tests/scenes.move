/// The scenes that the tests of identities begin with.
#[test_only]
module identity::scenes;

use identity::controller::{ControllerCap, DelegationToken};
use identity::identity::{Self, Identity};
use iota::borrow::Borrow;
use iota::clock::{Self, Clock};
use iota::test_scenario::{Self as ts, Scenario};
use iota::vec_map::{Self, VecMap};

public fun alice(): address { @0xA11CE }

public fun bob(): address { @0xB0B }

public fun carol(): address { @0xCA401 }

/// The smallest thing that passes for a document.
public fun document(): vector<u8> { b"DID one" }

/// One address with its votes.
public fun only(owner: address, votes: u64): VecMap<address, u64> {
    let mut map = vec_map::empty();
    map.insert(owner, votes);
    map
}

/// Alice and Bob with one vote each.
public fun both(): VecMap<address, u64> {
    let mut map = only(alice(), 1);
    map.insert(bob(), 1);
    map
}

/// Begins with an identity of Alice's alone, made at 1,000 ms. She sends the next transaction.
public fun one_controller(): (Scenario, Clock) {
    let (mut scenario, clock) = at_1000();
    identity::new(option::some(document()), &clock, scenario.ctx());
    scenario.next_tx(alice());
    (scenario, clock)
}

/// Begins with an identity of Alice's and Bob's that both must agree about. Alice sends the next transaction.
public fun two_controllers(): (Scenario, Clock) {
    let (mut scenario, clock) = at_1000();
    let doc = option::some(document());
    identity::new_with_controllers(doc, both(), vec_map::empty(), 2, &clock, scenario.ctx());
    scenario.next_tx(alice());
    (scenario, clock)
}

/// Begins with an identity of Alice's, who may delegate. She sends the next transaction.
public fun delegating_controller(): (Scenario, Clock) {
    let (mut scenario, clock) = at_1000();
    identity::new_with_controller(option::some(document()), alice(), true, &clock, scenario.ctx());
    scenario.next_tx(alice());
    (scenario, clock)
}

/// Begins with two identities of Alice's. She sends the next transaction.
public fun two_identities(): (Scenario, Clock, ID, ID) {
    let (mut scenario, clock) = at_1000();
    let first = identity::new(option::some(document()), &clock, scenario.ctx());
    let second = identity::new(option::some(document()), &clock, scenario.ctx());
    scenario.next_tx(alice());
    (scenario, clock, first, second)
}

public fun at_1000(): (Scenario, Clock) {
    let mut scenario = ts::begin(alice());
    let mut clock = clock::create_for_testing(scenario.ctx());
    clock.set_for_testing(1_000);
    (scenario, clock)
}

/// An identity, the sender's cap and its token, until `put_back`.
public struct Hand {
    identity: Identity,
    cap: ControllerCap,
    token: DelegationToken,
    borrow: Borrow,
}

/// Takes the only identity, and the cap of the sender.
public fun take(scenario: &Scenario): Hand {
    let mut cap: ControllerCap = scenario.take_from_sender();
    let (token, borrow) = cap.borrow();
    Hand { identity: scenario.take_shared(), cap, token, borrow }
}

public use fun hand_parts as Hand.parts;

public fun hand_parts(self: &mut Hand): (&mut Identity, &DelegationToken) { (&mut self.identity, &self.token) }

public fun put_back(self: Hand, scenario: &Scenario) {
    let Hand { identity, mut cap, token, borrow } = self;
    cap.put_back(token, borrow);
    scenario.return_to_sender(cap);
    ts::return_shared(identity)
}

/// The sender proposes `doc`.
public fun propose(scenario: &mut Scenario, clock: &Clock, doc: Option<vector<u8>>, last: Option<u64>): Option<ID> {
    let mut hand = take(scenario);
    let (identity, token) = hand.parts();
    let proposal = identity.propose_update(token, doc, last, clock, scenario.ctx());
    hand.put_back(scenario);
    proposal
}
