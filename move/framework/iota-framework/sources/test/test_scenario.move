/// A chain in a test: a series of transactions by several senders, with the objects that each leaves behind.
#[test_only]
module iota::test_scenario;

use iota::transfer::Receiving;
use iota::vec_map::VecMap;

#[allow(unused_const)]
/// The end of the transaction could not be worked out.
const ECouldNotGenerateEffects: u64 = 0;
#[allow(unused_const)]
/// An object that was taken as shared or immutable was wrapped, transferred or left.
const EInvalidSharedOrImmutableUsage: u64 = 1;
/// The object was not taken from there.
const ECantReturnObject: u64 = 2;
/// There is no object of the type.
const EEmptyInventory: u64 = 3;
#[allow(unused_const)]
/// There is no object of the ID.
const EObjectNotFound: u64 = 4;
#[allow(unused_const)]
/// The object cannot be received.
const EUnableToAllocateReceivingTicket: u64 = 5;
#[allow(unused_const)]
/// The object has a ticket already.
const EReceivingTicketAlreadyAllocated: u64 = 6;
#[allow(unused_const)]
/// The object has no ticket.
const EUnableToDeallocateReceivingTicket: u64 = 7;

/// The state of a test; the objects are with the test runner.
public struct Scenario {
    txn_number: u64,
    ctx: TxContext,
}

/// What a transaction did; the test runner fills it in, in this order.
public struct TransactionEffects has drop {
    created: vector<ID>,
    written: vector<ID>,
    deleted: vector<ID>,
    transferred_to_account: VecMap<ID, address>,
    transferred_to_object: VecMap<ID, ID>,
    shared: vector<ID>,
    frozen: vector<ID>,
    num_user_events: u64,
}

/// Begins a test with a transaction of `sender`.
public fun begin(sender: address): Scenario {
    Scenario { txn_number: 0, ctx: tx_context::new_from_hint(sender, 0, 0, 0, 0) }
}

/// Ends the transaction and begins the next one.
public fun next_tx(scenario: &mut Scenario, sender: address): TransactionEffects {
    let effects = end_transaction();
    scenario.txn_number = scenario.txn_number + 1;
    let epoch = scenario.ctx.epoch();
    let epoch_timestamp_ms = scenario.ctx.epoch_timestamp_ms();
    scenario.ctx = tx_context::new_from_hint(sender, scenario.txn_number, epoch, epoch_timestamp_ms, 0);
    effects
}

/// Ends the transaction and begins the next one in the next epoch.
public fun next_epoch(scenario: &mut Scenario, sender: address): TransactionEffects {
    scenario.ctx.increment_epoch_number();
    next_tx(scenario, sender)
}

/// As `next_epoch`, the next epoch beginning `delta_ms` after this one.
public fun later_epoch(scenario: &mut Scenario, delta_ms: u64, sender: address): TransactionEffects {
    scenario.ctx.increment_epoch_timestamp(delta_ms);
    next_epoch(scenario, sender)
}

/// Ends the transaction and the test.
public fun end(scenario: Scenario): TransactionEffects {
    let Scenario { txn_number: _, ctx: _ } = scenario;
    end_transaction()
}

/// Borrows the context of the transaction.
public fun ctx(scenario: &mut Scenario): &mut TxContext { &mut scenario.ctx }

/// Makes an identity for a new object.
public fun new_object(scenario: &mut Scenario): UID { object::new(&mut scenario.ctx) }

/// Returns the sender of the transaction.
public fun sender(scenario: &Scenario): address { scenario.ctx.sender() }

/// Returns how many transactions have ended.
public fun num_concluded_txes(scenario: &Scenario): u64 { scenario.txn_number }

/// Returns the objects that were made.
public fun created(effects: &TransactionEffects): vector<ID> { effects.created }

/// Returns the objects that were changed.
public fun written(effects: &TransactionEffects): vector<ID> { effects.written }

/// Returns the objects that ceased to exist.
public fun deleted(effects: &TransactionEffects): vector<ID> { effects.deleted }

/// Returns the objects that were given to an address, with it.
public fun transferred_to_account(effects: &TransactionEffects): VecMap<ID, address> {
    effects.transferred_to_account
}

/// Returns the objects that became fields of an object, with its ID.
public fun transferred_to_object(effects: &TransactionEffects): VecMap<ID, ID> { effects.transferred_to_object }

/// Returns the objects that were shared.
public fun shared(effects: &TransactionEffects): vector<ID> { effects.shared }

/// Returns the objects that were frozen.
public fun frozen(effects: &TransactionEffects): vector<ID> { effects.frozen }

/// Returns how many events were emitted.
public fun num_user_events(effects: &TransactionEffects): u64 { effects.num_user_events }

// === Objects of an address ===

/// Takes an object of an address by its ID. Aborts with `EObjectNotFound`.
public native fun take_from_address_by_id<T: key>(scenario: &Scenario, account: address, id: ID): T;

/// Returns the newest object of type `T` of an address.
public native fun most_recent_id_for_address<T: key>(account: address): Option<ID>;

/// Returns all objects of type `T` of an address.
public native fun ids_for_address<T: key>(account: address): vector<ID>;

/// True when an address has an object of type `T`.
public fun has_most_recent_for_address<T: key>(account: address): bool {
    most_recent_id_for_address<T>(account).is_some()
}

/// Takes the newest object of type `T` of an address. Aborts with `EEmptyInventory`.
public fun take_from_address<T: key>(scenario: &Scenario, account: address): T {
    let newest = most_recent_id_for_address<T>(account);
    assert!(newest.is_some(), EEmptyInventory);
    take_from_address_by_id(scenario, account, newest.destroy_some())
}

/// Gives an object back. Aborts with `ECantReturnObject` when it was not taken from that address.
public fun return_to_address<T: key>(account: address, t: T) {
    assert!(was_taken_from_address(account, object::id(&t)), ECantReturnObject);
    transfer::transfer_impl(t, account)
}

/// True when the object was taken from that address in this transaction.
public native fun was_taken_from_address(account: address, id: ID): bool;

/// As `take_from_address_by_id`, of the sender.
public fun take_from_sender_by_id<T: key>(scenario: &Scenario, id: ID): T {
    take_from_address_by_id(scenario, sender(scenario), id)
}

/// As `most_recent_id_for_address`, of the sender.
public fun most_recent_id_for_sender<T: key>(scenario: &Scenario): Option<ID> {
    most_recent_id_for_address<T>(sender(scenario))
}

/// As `has_most_recent_for_address`, of the sender.
public fun has_most_recent_for_sender<T: key>(scenario: &Scenario): bool {
    has_most_recent_for_address<T>(sender(scenario))
}

/// As `take_from_address`, of the sender.
public fun take_from_sender<T: key>(scenario: &Scenario): T { take_from_address(scenario, sender(scenario)) }

/// As `return_to_address`, of the sender.
public fun return_to_sender<T: key>(scenario: &Scenario, t: T) { return_to_address(sender(scenario), t) }

/// As `was_taken_from_address`, of the sender.
public fun was_taken_from_sender(scenario: &Scenario, id: ID): bool {
    was_taken_from_address(sender(scenario), id)
}

/// As `ids_for_address`, of the sender.
public fun ids_for_sender<T: key>(scenario: &Scenario): vector<ID> { ids_for_address<T>(sender(scenario)) }

// === Immutable objects ===

/// Takes an immutable object by its ID. Aborts with `EObjectNotFound`.
public native fun take_immutable_by_id<T: key>(scenario: &Scenario, id: ID): T;

/// Returns the newest immutable object of type `T`.
public native fun most_recent_immutable_id<T: key>(): Option<ID>;

/// True when there is an immutable object of type `T`.
public fun has_most_recent_immutable<T: key>(): bool { most_recent_immutable_id<T>().is_some() }

/// Takes the newest immutable object of type `T`. Aborts with `EEmptyInventory`.
public fun take_immutable<T: key>(scenario: &Scenario): T {
    let newest = most_recent_immutable_id<T>();
    assert!(newest.is_some(), EEmptyInventory);
    take_immutable_by_id(scenario, newest.destroy_some())
}

/// Gives an immutable object back. Aborts with `ECantReturnObject`.
public fun return_immutable<T: key>(t: T) {
    assert!(was_taken_immutable(object::id(&t)), ECantReturnObject);
    transfer::freeze_object_impl(t)
}

/// True when the immutable object was taken in this transaction.
public native fun was_taken_immutable(id: ID): bool;

// === Shared objects ===

/// Takes a shared object by its ID. Aborts with `EObjectNotFound`.
public native fun take_shared_by_id<T: key>(scenario: &Scenario, id: ID): T;

/// Returns the newest shared object of type `T`.
public native fun most_recent_id_shared<T: key>(): Option<ID>;

/// True when there is a shared object of type `T`.
public fun has_most_recent_shared<T: key>(): bool { most_recent_id_shared<T>().is_some() }

/// Takes the newest shared object of type `T`. Aborts with `EEmptyInventory`.
public fun take_shared<T: key>(scenario: &Scenario): T {
    let newest = most_recent_id_shared<T>();
    assert!(newest.is_some(), EEmptyInventory);
    take_shared_by_id(scenario, newest.destroy_some())
}

/// Gives a shared object back. Aborts with `ECantReturnObject`.
public fun return_shared<T: key>(t: T) {
    assert!(was_taken_shared(object::id(&t)), ECantReturnObject);
    transfer::share_object_impl(t)
}

native fun was_taken_shared(id: ID): bool;

// === Objects of an object ===

/// Returns all objects of type `T` that were transferred to an object.
public fun receivable_object_ids_for_owner_id<T: key>(object: ID): vector<ID> {
    ids_for_address<T>(object.to_address())
}

/// Makes the ticket to the newest object of type `T` of an object. Aborts with `EEmptyInventory`.
public fun most_recent_receiving_ticket<T: key>(owner: &ID): Receiving<T> {
    let newest = most_recent_id_for_address<T>(owner.to_address());
    assert!(newest.is_some(), EEmptyInventory);
    receiving_ticket_by_id(newest.destroy_some())
}

/// Makes the ticket to an object. Aborts with `EUnableToAllocateReceivingTicket`.
public fun receiving_ticket_by_id<T: key>(object_id: ID): Receiving<T> {
    transfer::make_receiver(object_id, allocate_receiving_ticket_for_object<T>(object_id))
}

/// Gives a ticket back without receiving. Aborts with `EUnableToDeallocateReceivingTicket`.
public fun return_receiving_ticket<T: key>(ticket: Receiving<T>) {
    deallocate_receiving_ticket_for_object(transfer::receiving_id(&ticket))
}

native fun allocate_receiving_ticket_for_object<T: key>(object_id: ID): u64;
native fun deallocate_receiving_ticket_for_object(object_id: ID);
native fun end_transaction(): TransactionEffects;
