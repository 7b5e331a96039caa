/// A value that several control: changes are proposed, voted for by weight, and executed when the threshold is reached.
module identity::multicontroller;

use identity::controller::{Self, ControllerCap, DelegationToken};
use identity::permissions;
use iota::object_bag::{Self, ObjectBag};
use iota::vec_map::{Self, VecMap};
use iota::vec_set::{Self, VecSet};

/// No controller of this value, or a token that was revoked.
const EInvalidController: u64 = 0;
/// The controller has voted for this proposal.
const EControllerAlreadyVoted: u64 = 1;
/// The votes do not reach the threshold.
const EThresholdNotReached: u64 = 2;
/// All votes together would not reach the threshold.
const EInvalidThreshold: u64 = 3;
/// The proposal's last epoch is over.
const EExpiredProposal: u64 = 4;
/// The proposal is not among the active ones.
const EProposalNotFound: u64 = 6;
/// There are votes for the proposal, or proposals for the value.
const ECannotDelete: u64 = 7;

public struct Multicontroller<V> has store {
    /// Votes that execute a proposal.
    threshold: u64,
    /// The identity that holds it.
    owner: ID,
    /// Votes by the ID of the controller's cap.
    controllers: VecMap<ID, u64>,
    controlled_value: V,
    active_proposals: vector<ID>,
    /// `Proposal<T>` by its ID.
    proposals: ObjectBag,
    revoked_tokens: VecSet<ID>,
}

/// A change that waits for votes.
public struct Proposal<T: store> has key, store {
    id: UID,
    votes: u64,
    /// The caps that have voted.
    voters: VecSet<ID>,
    /// The last epoch in which it may be executed.
    expiration_epoch: Option<u64>,
    action: T,
}

/// A change whose time has come. It cannot be kept, dropped or made up.
public struct Action<T: store> {
    inner: T,
}

/// Takes the change out.
public fun unwrap<T: store>(action: Action<T>): T {
    let Action { inner } = action;
    inner
}

/// Gives each address its cap; those of `delegating` may hand out tokens. Aborts with `EInvalidThreshold`.
public fun new_with_controllers<V>(
    controlled_value: V,
    controllers: VecMap<address, u64>,
    delegating: VecMap<address, u64>,
    threshold: u64,
    owner: ID,
    ctx: &mut TxContext,
): Multicontroller<V> {
    let mut self = Multicontroller {
        threshold,
        owner,
        controllers: vec_map::empty(),
        controlled_value,
        active_proposals: vector[],
        proposals: object_bag::new(ctx),
        revoked_tokens: vec_set::empty(),
    };
    self.add_controllers(controllers, false, ctx);
    self.add_controllers(delegating, true, ctx);
    self.set_threshold(threshold);
    self
}

/// Proposes a change and votes for it. Aborts with `EInvalidController`, `controller::EInvalidPermissions`.
public fun create_proposal<V, T: store>(
    self: &mut Multicontroller<V>,
    token: &DelegationToken,
    action: T,
    expiration_epoch: Option<u64>,
    ctx: &mut TxContext,
): ID {
    let votes = self.votes_of(token);
    token.assert_has_permission(permissions::can_create_proposal());
    let proposal = Proposal {
        id: object::new(ctx),
        votes,
        voters: vec_set::singleton(token.controller()),
        expiration_epoch,
        action,
    };
    let proposal_id = object::id(&proposal);
    self.proposals.add(proposal_id, proposal);
    self.active_proposals.push_back(proposal_id);
    proposal_id
}

/// Votes for a proposal. Aborts with `EInvalidController`, `controller::EInvalidPermissions`,
/// `EControllerAlreadyVoted`.
public fun approve_proposal<V, T: store>(
    self: &mut Multicontroller<V>,
    token: &DelegationToken,
    proposal_id: ID,
) {
    let votes = self.votes_of(token);
    token.assert_has_permission(permissions::can_approve_proposal());
    let proposal: &mut Proposal<T> = &mut self.proposals[proposal_id];
    assert!(!proposal.voters.contains(&token.controller()), EControllerAlreadyVoted);
    proposal.voters.insert(token.controller());
    proposal.votes = proposal.votes + votes;
}

/// Ends a proposal that has its votes, and gives the change to whoever asks for it. Aborts with `EInvalidController`,
/// `controller::EInvalidPermissions`, `EThresholdNotReached`, `EExpiredProposal`.
public fun execute_proposal<V, T: store>(
    self: &mut Multicontroller<V>,
    token: &DelegationToken,
    proposal_id: ID,
    ctx: &mut TxContext,
): Action<T> {
    self.votes_of(token);
    token.assert_has_permission(permissions::can_execute_proposal());
    let proposal = self.take_proposal<V, T>(proposal_id);
    assert!(proposal.votes >= self.threshold, EThresholdNotReached);
    assert!(!proposal.is_expired(ctx), EExpiredProposal);
    Action { inner: proposal.into_action() }
}

/// Ends a proposal without votes, or one that has expired. Aborts with `EInvalidController`,
/// `controller::EInvalidPermissions`, `ECannotDelete`.
public fun delete_proposal<V, T: store + drop>(
    self: &mut Multicontroller<V>,
    token: &DelegationToken,
    proposal_id: ID,
    ctx: &mut TxContext,
) {
    self.votes_of(token);
    token.assert_has_permission(permissions::can_delete_proposal());
    let proposal = self.take_proposal<V, T>(proposal_id);
    assert!(proposal.votes == 0 || proposal.is_expired(ctx), ECannotDelete);
    proposal.into_action();
}

public fun is_expired<T: store>(self: &Proposal<T>, ctx: &TxContext): bool {
    self.expiration_epoch.is_some_and!(|last| *last < ctx.epoch())
}

/// Whether a proposal has its votes.
public(package) fun is_proposal_approved<V, T: store>(self: &Multicontroller<V>, proposal_id: ID): bool {
    let proposal: &Proposal<T> = &self.proposals[proposal_id];
    proposal.votes >= self.threshold
}

/// Stops a token from acting. Aborts with `EInvalidController`.
public fun revoke_token<V>(self: &mut Multicontroller<V>, cap: &ControllerCap, token_id: ID) {
    self.assert_controls(cap);
    self.revoked_tokens.insert(token_id)
}

/// Lets a revoked token act again. Aborts with `EInvalidController`.
public fun unrevoke_token<V>(self: &mut Multicontroller<V>, cap: &ControllerCap, token_id: ID) {
    self.assert_controls(cap);
    self.revoked_tokens.remove(&token_id)
}

/// Deletes a token, and forgets that it was revoked.
public fun destroy_delegation_token<V>(self: &mut Multicontroller<V>, token: DelegationToken) {
    if (self.revoked_tokens.contains(&token.id())) self.revoked_tokens.remove(&token.id());
    token.destroy_token()
}

/// Deletes the cap of one who controls no longer. Aborts with `EInvalidController`.
public fun destroy_controller_cap<V>(self: &Multicontroller<V>, cap: ControllerCap) {
    assert!(cap.controller_of() == self.owner, EInvalidController);
    assert!(!self.controllers.contains(&object::id(&cap)), EInvalidController);
    cap.destroy_cap()
}

/// Deletes a cap, whether it still controls or not. Aborts with `EInvalidController`.
public(package) fun remove_and_destroy_controller<V>(self: &mut Multicontroller<V>, cap: ControllerCap) {
    assert!(cap.controller_of() == self.owner, EInvalidController);
    let cap_id = object::id(&cap);
    if (self.controllers.contains(&cap_id)) { self.controllers.remove(&cap_id); };
    cap.destroy_cap()
}

/// Ends the control of a value to which nothing is proposed. Aborts with `ECannotDelete`.
public(package) fun delete<V>(self: Multicontroller<V>): V {
    assert!(self.active_proposals.is_empty(), ECannotDelete);
    let Multicontroller { controlled_value, proposals, .. } = self;
    proposals.destroy_empty();
    controlled_value
}

/// Ends a proposal whatever its votes.
public(package) fun force_delete_proposal<V, T: store + drop>(self: &mut Multicontroller<V>, proposal_id: ID) {
    self.take_proposal<V, T>(proposal_id).into_action();
}

public fun value<V: store>(self: &Multicontroller<V>): &V { &self.controlled_value }

/// The IDs of the controllers' caps.
public fun controllers<V>(self: &Multicontroller<V>): vector<ID> { self.controllers.keys() }

public fun threshold<V>(self: &Multicontroller<V>): u64 { self.threshold }

/// The votes of one cap.
public fun voting_power<V>(self: &Multicontroller<V>, controller_id: ID): u64 {
    *self.controllers.get(&controller_id)
}

/// The votes of all.
public fun max_votes<V>(self: &Multicontroller<V>): u64 {
    let (_, votes) = self.controllers.into_keys_values();
    votes.fold!(0, |sum, one| sum + one)
}

public(package) fun set_controlled_value<V: drop>(self: &mut Multicontroller<V>, value: V) {
    self.controlled_value = value
}

public(package) fun add_controllers<V>(
    self: &mut Multicontroller<V>,
    controllers: VecMap<address, u64>,
    can_delegate: bool,
    ctx: &mut TxContext,
) {
    let (owners, votes) = controllers.into_keys_values();
    owners.zip_do!(votes, |owner, votes| {
        let cap_id = controller::create(owner, can_delegate, self.owner, ctx);
        self.controllers.insert(cap_id, votes);
    })
}

public(package) fun remove_controllers<V>(self: &mut Multicontroller<V>, controllers: vector<ID>) {
    controllers.do!(|cap_id| { self.controllers.remove(&cap_id); })
}

/// Aborts with `EInvalidController`.
public(package) fun set_voting_powers<V>(self: &mut Multicontroller<V>, changed: VecMap<ID, u64>) {
    let (controllers, votes) = changed.into_keys_values();
    controllers.zip_do!(votes, |cap_id, votes| {
        assert!(self.controllers.contains(&cap_id), EInvalidController);
        *self.controllers.get_mut(&cap_id) = votes;
    })
}

/// Aborts with `EInvalidThreshold`.
public(package) fun set_threshold<V>(self: &mut Multicontroller<V>, threshold: u64) {
    assert!(threshold <= self.max_votes(), EInvalidThreshold);
    self.threshold = threshold
}

/// The votes with which a token acts. Aborts with `EInvalidController`.
fun votes_of<V>(self: &Multicontroller<V>, token: &DelegationToken): u64 {
    assert!(self.controllers.contains(&token.controller()), EInvalidController);
    assert!(!self.revoked_tokens.contains(&token.id()), EInvalidController);
    self.voting_power(token.controller())
}

fun assert_controls<V>(self: &Multicontroller<V>, cap: &ControllerCap) {
    assert!(self.controllers.contains(&object::id(cap)), EInvalidController)
}

fun take_proposal<V, T: store>(self: &mut Multicontroller<V>, proposal_id: ID): Proposal<T> {
    let (is_active, index) = self.active_proposals.index_of(&proposal_id);
    assert!(is_active, EProposalNotFound);
    self.active_proposals.remove(index);
    self.proposals.remove(proposal_id)
}

fun into_action<T: store>(self: Proposal<T>): T {
    let Proposal { id, action, .. } = self;
    id.delete();
    action
}
