/// Objects of the shape that IOTA's identity library reads: its types by name and field, without its rules.
module identity::identity;

use identity::controller::{Self, ControllerCap, DelegationToken};
use identity::multicontroller::{Self, Multicontroller};
use iota::clock::Clock;
use iota::vec_map::VecMap;

/// A DID document on chain.
public struct Identity has key {
    id: UID,
    did_doc: Multicontroller<Option<vector<u8>>>,
    legacy_id: Option<ID>,
    created: u64,
    updated: u64,
    version: u64,
    deleted: bool,
    deleted_did: bool,
}

/// Makes one that its sender controls.
public fun create(document: vector<u8>, clock: &Clock, ctx: &mut TxContext) {
    make(option::some(document), ctx.sender(), clock, ctx);
}

fun make(document: Option<vector<u8>>, owner: address, clock: &Clock, ctx: &mut TxContext): ID {
    let now = clock.timestamp_ms();
    let id = object::new(ctx);
    let cap: ControllerCap = controller::new(id.to_inner(), ctx);
    let identity = Identity {
        did_doc: multicontroller::new(document, id.to_inner(), object::id(&cap), ctx),
        id,
        legacy_id: option::none(),
        created: now,
        updated: now,
        version: 1,
        deleted: false,
        deleted_did: false,
    };
    controller::give(cap, owner);
    let id = object::id(&identity);
    transfer::share_object(identity);
    id
}

/// As the library calls it to publish a document: one controller, who has the cap afterwards.
public fun new_with_controllers(
    document: Option<vector<u8>>,
    controllers: VecMap<address, u64>,
    delegating: VecMap<address, u64>,
    threshold: u64,
    clock: &Clock,
    ctx: &mut TxContext,
): ID {
    assert!(threshold == 1 && controllers.size() + delegating.size() == 1);
    let owners = if (controllers.is_empty()) delegating.keys() else controllers.keys();
    make(document, owners[0], clock, ctx)
}

/// As the library calls it to change a document; whoever has the token decides alone, so that nothing is left open.
public fun propose_update(
    identity: &mut Identity,
    token: &DelegationToken,
    document: Option<vector<u8>>,
    _expiration: Option<u64>,
    clock: &Clock,
    _ctx: &mut TxContext,
): Option<ID> {
    assert!(token.controller_of() == object::id(identity));
    *identity.did_doc.value_mut() = document;
    identity.updated = clock.timestamp_ms();
    option::none()
}

/// Takes the document away and keeps the object.
public fun delete_did(identity: &mut Identity) { identity.deleted_did = true }

/// Replaces the document.
public fun update(identity: &mut Identity, document: vector<u8>, clock: &Clock) {
    *identity.did_doc.value_mut() = option::some(document);
    identity.updated = clock.timestamp_ms();
}
