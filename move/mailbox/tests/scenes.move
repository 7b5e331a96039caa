/// The scenes that the tests of the mailbox begin with.
#[test_only]
module wotid::scenes;

use iota::bcs;
use iota::coin::{Self, Coin};
use iota::event;
use iota::iota::IOTA;
use iota::test_scenario::{Self as ts, Scenario};
use iota::test_utils::assert_eq;
use wotid::mailbox::{Self, MailboxObject, MailboxOwnerCap, MessageObject};

/// Something that is not a message.
public struct Junk has key, store {
    id: UID,
    weight: u64,
}

/// Owns the mailboxes.
public fun owner(): address { @0xB0B }

/// Writes to them.
public fun stranger(): address { @0xA11CE }

/// Begins with one mailbox, its cap with the owner, who sends the next transaction.
public fun one_mailbox(): Scenario {
    let mut scenario = ts::begin(owner());
    transfer::public_transfer(mailbox::create(scenario.ctx()), owner());
    scenario.next_tx(owner());
    scenario
}

/// Begins with two mailboxes, both caps with the owner. Returns the IDs of the first and the second.
public fun two_mailboxes(): (Scenario, ID, ID) {
    let mut scenario = ts::begin(owner());
    let first = mailbox::create(scenario.ctx());
    let second = mailbox::create(scenario.ctx());
    let (first_id, second_id) = (first.mailbox_id(), second.mailbox_id());
    transfer::public_transfer(first, owner());
    transfer::public_transfer(second, owner());
    scenario.next_tx(owner());
    (scenario, first_id, second_id)
}

/// Takes a mailbox, and the cap of another one (or the same one).
public fun take(scenario: &Scenario, mailbox_id: ID, cap_of: ID): (MailboxObject, MailboxOwnerCap) {
    let mut caps = scenario.ids_for_sender<MailboxOwnerCap>();
    loop {
        let cap: MailboxOwnerCap = scenario.take_from_sender_by_id(caps.pop_back());
        if (cap.mailbox_id() == cap_of) return (scenario.take_shared_by_id(mailbox_id), cap);
        scenario.return_to_sender(cap)
    }
}

/// Takes the only mailbox and its cap.
public fun open(scenario: &Scenario): (MailboxObject, MailboxOwnerCap) {
    (scenario.take_shared(), scenario.take_from_sender())
}

/// Puts a mailbox and a cap back.
public fun shut(scenario: &Scenario, mailbox: MailboxObject, cap: MailboxOwnerCap) {
    ts::return_shared(mailbox);
    scenario.return_to_sender(cap)
}

/// The stranger sends a message; the owner sends the next transaction. Returns the message's ID.
public fun sent(scenario: &mut Scenario, mailbox_id: ID, payload: vector<u8>): ID {
    scenario.next_tx(stranger());
    mailbox::send_message(mailbox_id, payload, scenario.ctx());
    let message_id = scenario.ctx().last_created_object_id().to_id();
    scenario.next_tx(owner());
    message_id
}

/// The stranger sends an object that is not a message. Returns its ID.
public fun sent_junk(scenario: &mut Scenario, mailbox_id: ID, weight: u64): ID {
    scenario.next_tx(stranger());
    let junk = Junk { id: object::new(scenario.ctx()), weight };
    let junk_id = object::id(&junk);
    transfer::public_transfer(junk, mailbox_id.to_address());
    scenario.next_tx(owner());
    junk_id
}

/// The stranger sends a coin. Returns its ID.
public fun sent_coin(scenario: &mut Scenario, mailbox_id: ID, value: u64): ID {
    scenario.next_tx(stranger());
    let coin: Coin<IOTA> = coin::mint_for_testing(value, scenario.ctx());
    let coin_id = object::id(&coin);
    transfer::public_transfer(coin, mailbox_id.to_address());
    scenario.next_tx(owner());
    coin_id
}

/// Consumes an object that is not a message and returns what is in it.
public fun weigh(junk: Junk): u64 {
    let Junk { id, weight } = junk;
    id.delete();
    weight
}

/// The owner stores a message. Returns its ID.
public fun stored(scenario: &mut Scenario, mailbox_id: ID, payload: vector<u8>): ID {
    let message_id = sent(scenario, mailbox_id, payload);
    let (mut mailbox, cap) = take(scenario, mailbox_id, mailbox_id);
    mailbox.claim_and_store(&cap, ts::receiving_ticket_by_id<MessageObject>(message_id));
    shut(scenario, mailbox, cap);
    scenario.next_tx(owner());
    message_id
}

/// Moves on by a number of epochs.
public fun wait(scenario: &mut Scenario, epochs: u64) {
    epochs.do!(|_| { scenario.next_epoch(owner()); })
}

/// `n` bytes that are all `byte`.
public fun bytes(n: u64, byte: u8): vector<u8> { vector::tabulate!(n, |_| byte) }

/// The BCS bytes of IDs in a row, as an event of nothing else has them.
public fun ids(ids: vector<ID>): vector<u8> {
    let mut all = vector[];
    ids.do!(|id| all.append(id.to_bytes()));
    all
}

/// As `ids`, with a number behind.
public fun ids_and_number(of: vector<ID>, number: u64): vector<u8> {
    let mut all = ids(of);
    all.append(bcs::to_bytes(&number));
    all
}

/// Checks that this transaction emitted exactly these events of type `T`, in this order, by their BCS bytes.
public fun assert_events<T: copy + drop>(expected: vector<vector<u8>>) {
    assert_eq(event::events_by_type<T>().map!(|emitted| bcs::to_bytes(&emitted)), expected)
}
