/// DID documents on chain.
///
/// An identity is a shared object with a document, opaque here. Its controllers change it by proposals; one whose votes
/// reach the threshold alone changes it at once. An empty document is a deactivated DID, none is a deleted one.
module identity::identity;

use identity::config_proposal::{Self, Modify};
use identity::controller::{ControllerCap, DelegationToken};
use identity::delete_proposal::{Self, Delete};
use identity::multicontroller::{Self, Action, Multicontroller};
use identity::update_value_proposal::{Self, UpdateValue};
use iota::clock::Clock;
use iota::event;
use iota::vec_map::{Self, VecMap};

/// The bytes are no packed DID document: they do not begin with `DID`.
const ENotADidDocument: u64 = 0;
/// The threshold is zero.
const EInvalidThreshold: u64 = 2;
/// There is no controller.
const EInvalidControllersList: u64 = 3;
/// The identity is not marked as deleted, or has controllers.
const ECannotDelete: u64 = 5;
/// The identity or its document is deleted.
const EDeletedIdentity: u64 = 6;

/// What a packed DID document begins with.
const DOCUMENT_MARK: vector<u8> = b"DID";
/// Layout of `Identity`.
const VERSION: u64 = 0;

/// Times are milliseconds since the Unix epoch.
public struct Identity has key {
    id: UID,
    did_doc: Multicontroller<Option<vector<u8>>>,
    /// The identity on IOTA's earlier network; never set here.
    legacy_id: Option<ID>,
    created: u64,
    updated: u64,
    version: u64,
    deleted: bool,
    /// The document was deleted, for good.
    deleted_did: bool,
}

/// A proposal was made, or executed, by a token.
public struct ProposalEvent has copy, drop {
    identity: ID,
    controller: ID,
    proposal: ID,
    executed: bool,
}

/// A proposal has its votes.
public struct ProposalApproved has copy, drop {
    identity: ID,
    proposal: ID,
}

// === Creation ===

/// Makes an identity with the sender as its only controller.
public fun new(doc: Option<vector<u8>>, clock: &Clock, ctx: &mut TxContext): ID {
    new_with_controller(doc, ctx.sender(), false, clock, ctx)
}

/// Makes an identity with one controller.
public fun new_with_controller(
    doc: Option<vector<u8>>,
    controller: address,
    can_delegate: bool,
    clock: &Clock,
    ctx: &mut TxContext,
): ID {
    let mut one = vec_map::empty();
    one.insert(controller, 1);
    if (can_delegate) share(doc, vec_map::empty(), one, 1, clock, ctx)
    else share(doc, one, vec_map::empty(), 1, clock, ctx)
}

/// Makes an identity with several controllers, by their votes; at least one of `controllers` is needed. Aborts with
/// `EInvalidThreshold`, `EInvalidControllersList`, `ENotADidDocument`, `multicontroller::EInvalidThreshold`.
public fun new_with_controllers(
    doc: Option<vector<u8>>,
    controllers: VecMap<address, u64>,
    controllers_that_can_delegate: VecMap<address, u64>,
    threshold: u64,
    clock: &Clock,
    ctx: &mut TxContext,
): ID {
    assert!(threshold >= 1, EInvalidThreshold);
    assert!(!controllers.is_empty(), EInvalidControllersList);
    assert!(!doc.is_some_and!(|bytes| !is_document(bytes)), ENotADidDocument);
    share(doc, controllers, controllers_that_can_delegate, threshold, clock, ctx)
}

// === The document ===

/// Proposes another document, an empty one to deactivate, none to delete. Returns the proposal unless it was executed.
/// Aborts with `EDeletedIdentity`, `ENotADidDocument`, and as `multicontroller::create_proposal`.
public fun propose_update(
    self: &mut Identity,
    token: &DelegationToken,
    updated_doc: Option<vector<u8>>,
    expiration: Option<u64>,
    clock: &Clock,
    ctx: &mut TxContext,
): Option<ID> {
    self.assert_document_not_deleted();
    assert!(
        !updated_doc.is_some_and!(|bytes| !bytes.is_empty() && !is_document(bytes)),
        ENotADidDocument,
    );
    let proposal_id = update_value_proposal::propose_update(&mut self.did_doc, token, updated_doc, expiration, ctx);
    if (self.is_approved<UpdateValue<Option<vector<u8>>>>(proposal_id)) {
        self.execute_update(token, proposal_id, clock, ctx);
        option::none()
    } else {
        self.proposed(token, proposal_id)
    }
}

/// Puts the proposed document in place. Aborts with `EDeletedIdentity`, and as `multicontroller::execute_proposal`.
public fun execute_update(
    self: &mut Identity,
    token: &DelegationToken,
    proposal_id: ID,
    clock: &Clock,
    ctx: &mut TxContext,
) {
    self.assert_document_not_deleted();
    let action: Action<UpdateValue<Option<vector<u8>>>> = self.execute_proposal(token, proposal_id, ctx);
    let doc = action.unwrap().into_inner();
    if (doc.is_none()) self.deleted_did = true;
    self.did_doc.set_controlled_value(doc);
    self.updated = clock.timestamp_ms();
    self.emit(token, proposal_id, true)
}

// === Its controllers ===

/// Proposes a change of controllers, votes or threshold. Returns the proposal unless it was executed. Aborts with
/// `EDeletedIdentity`, and as `config_proposal::propose_modify`.
public fun propose_config_change(
    self: &mut Identity,
    token: &DelegationToken,
    expiration: Option<u64>,
    threshold: Option<u64>,
    controllers_to_add: VecMap<address, u64>,
    controllers_to_remove: vector<ID>,
    controllers_to_update: VecMap<ID, u64>,
    ctx: &mut TxContext,
): Option<ID> {
    self.assert_not_deleted();
    let proposal_id = config_proposal::propose_modify(
        &mut self.did_doc,
        token,
        expiration,
        threshold,
        controllers_to_add,
        controllers_to_remove,
        controllers_to_update,
        ctx,
    );
    if (self.is_approved<Modify>(proposal_id)) {
        self.execute_config_change(token, proposal_id, ctx);
        option::none()
    } else {
        self.proposed(token, proposal_id)
    }
}

/// Aborts with `EDeletedIdentity`, and as `multicontroller::execute_proposal`.
public fun execute_config_change(self: &mut Identity, token: &DelegationToken, proposal_id: ID, ctx: &mut TxContext) {
    self.assert_not_deleted();
    config_proposal::execute_modify(&mut self.did_doc, token, proposal_id, ctx);
    self.emit(token, proposal_id, true)
}

/// Aborts as `multicontroller::revoke_token`.
public fun revoke_token(self: &mut Identity, cap: &ControllerCap, deny_id: ID) { self.did_doc.revoke_token(cap, deny_id) }

/// Aborts as `multicontroller::unrevoke_token`.
public fun unrevoke_token(self: &mut Identity, cap: &ControllerCap, token_id: ID) {
    self.did_doc.unrevoke_token(cap, token_id)
}

public fun destroy_delegation_token(self: &mut Identity, token: DelegationToken) {
    self.did_doc.destroy_delegation_token(token)
}

/// Deletes the cap of one who controls no longer, or any of a deleted identity. Aborts with
/// `multicontroller::EInvalidController`.
public fun destroy_controller_cap(self: &mut Identity, cap: ControllerCap) {
    if (self.deleted) self.did_doc.remove_and_destroy_controller(cap) else self.did_doc.destroy_controller_cap(cap)
}

// === Proposals of any kind ===

/// Votes for a proposal. Aborts as `multicontroller::approve_proposal`.
public fun approve_proposal<T: store>(self: &mut Identity, token: &DelegationToken, proposal_id: ID) {
    self.did_doc.approve_proposal<_, T>(token, proposal_id);
    if (self.is_approved<T>(proposal_id)) {
        event::emit(ProposalApproved { identity: self.id.to_inner(), proposal: proposal_id })
    }
}

/// Ends a proposal that has its votes; what it says is for the caller to carry out. Aborts with `EDeletedIdentity`, and
/// as `multicontroller::execute_proposal`.
public fun execute_proposal<T: store>(
    self: &mut Identity,
    token: &DelegationToken,
    proposal_id: ID,
    ctx: &mut TxContext,
): Action<T> {
    self.assert_not_deleted();
    self.emit(token, proposal_id, true);
    self.did_doc.execute_proposal(token, proposal_id, ctx)
}

/// Ends a proposal without votes, an expired one, or any of a deleted identity. Aborts as
/// `multicontroller::delete_proposal`.
public fun delete_proposal<T: store + drop>(
    self: &mut Identity,
    token: &DelegationToken,
    proposal_id: ID,
    ctx: &mut TxContext,
) {
    if (self.deleted) self.did_doc.force_delete_proposal<_, T>(proposal_id)
    else self.did_doc.delete_proposal<_, T>(token, proposal_id, ctx)
}

// === The end ===

/// Proposes to mark the identity as deleted. Returns the proposal unless it was executed. Aborts with
/// `EDeletedIdentity`, and as `multicontroller::create_proposal`.
public fun propose_deletion(
    self: &mut Identity,
    token: &DelegationToken,
    expiration: Option<u64>,
    clock: &Clock,
    ctx: &mut TxContext,
): Option<ID> {
    self.assert_not_deleted();
    let proposal_id = self.did_doc.create_proposal(token, delete_proposal::new(), expiration, ctx);
    if (self.is_approved<Delete>(proposal_id)) {
        self.execute_deletion(token, proposal_id, clock, ctx);
        option::none()
    } else {
        self.proposed(token, proposal_id)
    }
}

/// Aborts with `EDeletedIdentity`, and as `multicontroller::execute_proposal`.
public fun execute_deletion(
    self: &mut Identity,
    token: &DelegationToken,
    proposal_id: ID,
    clock: &Clock,
    ctx: &mut TxContext,
) {
    let action: Action<Delete> = self.execute_proposal(token, proposal_id, ctx);
    action.unwrap();
    self.deleted = true;
    self.did_doc.set_controlled_value(option::none());
    self.updated = clock.timestamp_ms();
    self.emit(token, proposal_id, true)
}

/// Removes an identity that is marked as deleted and whose caps are all destroyed; its deposit goes to the payer. Aborts
/// with `ECannotDelete`, `multicontroller::ECannotDelete`.
public fun delete(self: Identity) {
    assert!(self.deleted && self.did_doc.controllers().is_empty(), ECannotDelete);
    let Identity { id, did_doc, .. } = self;
    id.delete();
    did_doc.delete();
}

// === What it holds ===

public fun id(self: &Identity): &UID { &self.id }

public fun legacy_id(self: &Identity): &Option<ID> { &self.legacy_id }

public fun created(self: &Identity): u64 { self.created }

public fun updated(self: &Identity): u64 { self.updated }

public fun deleted(self: &Identity): bool { self.deleted }

public fun deleted_did(self: &Identity): bool { self.deleted_did }

public fun threshold(self: &Identity): u64 { self.did_doc.threshold() }

public(package) fun did_doc(self: &Identity): &Multicontroller<Option<vector<u8>>> { &self.did_doc }

fun share(
    doc: Option<vector<u8>>,
    controllers: VecMap<address, u64>,
    delegating: VecMap<address, u64>,
    threshold: u64,
    clock: &Clock,
    ctx: &mut TxContext,
): ID {
    let id = object::new(ctx);
    let identity_id = id.to_inner();
    let now = clock.timestamp_ms();
    transfer::share_object(Identity {
        id,
        did_doc: multicontroller::new_with_controllers(doc, controllers, delegating, threshold, identity_id, ctx),
        legacy_id: option::none(),
        created: now,
        updated: now,
        version: VERSION,
        deleted: false,
        deleted_did: false,
    });
    identity_id
}

fun is_document(bytes: &vector<u8>): bool {
    let mark = DOCUMENT_MARK;
    bytes.length() >= mark.length() && mark[0] == bytes[0] && mark[1] == bytes[1] && mark[2] == bytes[2]
}

fun is_approved<T: store>(self: &Identity, proposal_id: ID): bool {
    self.did_doc.is_proposal_approved<_, T>(proposal_id)
}

fun proposed(self: &Identity, token: &DelegationToken, proposal_id: ID): Option<ID> {
    self.emit(token, proposal_id, false);
    option::some(proposal_id)
}

fun emit(self: &Identity, token: &DelegationToken, proposal: ID, executed: bool) {
    event::emit(ProposalEvent { identity: self.id.to_inner(), controller: token.id(), proposal, executed })
}

fun assert_not_deleted(self: &Identity) { assert!(!self.deleted, EDeletedIdentity) }

fun assert_document_not_deleted(self: &Identity) { assert!(!self.deleted && !self.deleted_did, EDeletedIdentity) }
