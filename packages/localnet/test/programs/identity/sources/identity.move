/// Objects of the shape that IOTA's identity library reads: its types by name and field, without its rules.
module identity::identity;

use identity::controller::{Self, ControllerCap};
use identity::multicontroller::{Self, Multicontroller};
use iota::clock::Clock;

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
    let now = clock.timestamp_ms();
    let id = object::new(ctx);
    let cap: ControllerCap = controller::new(id.to_inner(), ctx);
    let identity = Identity {
        did_doc: multicontroller::new(option::some(document), id.to_inner(), object::id(&cap), ctx),
        id,
        legacy_id: option::none(),
        created: now,
        updated: now,
        version: 1,
        deleted: false,
        deleted_did: false,
    };
    controller::give(cap, ctx.sender());
    transfer::share_object(identity);
}

/// Takes the document away and keeps the object.
public fun delete_did(identity: &mut Identity) { identity.deleted_did = true }

/// Replaces the document.
public fun update(identity: &mut Identity, document: vector<u8>, clock: &Clock) {
    *identity.did_doc.value_mut() = option::some(document);
    identity.updated = clock.timestamp_ms();
}
