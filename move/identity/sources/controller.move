/// What controls an identity: a capability that stays with its controller, and tokens that act for it.
module identity::controller;

use identity::permissions;
use iota::borrow::{Self, Borrow, Referent};
use iota::event;

/// The cap's controller may not hand out tokens.
const ECannotDelegate: u64 = 0;
/// The token does not allow this.
const EInvalidPermissions: u64 = 1;

/// Makes an address a controller. It cannot be transferred by its holder.
public struct ControllerCap has key {
    id: UID,
    /// The identity.
    controller_of: ID,
    can_delegate: bool,
    /// Acts for the controller itself, with every permission; lent within one transaction.
    access_token: Referent<DelegationToken>,
}

/// Acts for a controller, within its permissions. Whoever holds it may.
public struct DelegationToken has key, store {
    id: UID,
    permissions: u32,
    /// The ID of the cap for which it acts.
    controller: ID,
    controller_of: ID,
}

/// A token was made.
public struct NewDelegationTokenEvent has copy, drop {
    controller: ID,
    token: ID,
    permissions: u32,
}

/// Lends the controller's own token; `put_back` must follow in the same transaction.
public fun borrow(self: &mut ControllerCap): (DelegationToken, Borrow) { self.access_token.borrow() }

/// Takes the token back.
public fun put_back(self: &mut ControllerCap, token: DelegationToken, borrow: Borrow) {
    self.access_token.put_back(token, borrow)
}

/// Makes a token with every permission. Aborts with `ECannotDelegate`.
public fun delegate(self: &ControllerCap, ctx: &mut TxContext): DelegationToken {
    self.delegate_with_permissions(permissions::all(), ctx)
}

/// Makes a token. Aborts with `ECannotDelegate`.
public fun delegate_with_permissions(
    self: &ControllerCap,
    permissions: u32,
    ctx: &mut TxContext,
): DelegationToken {
    assert!(self.can_delegate, ECannotDelegate);
    new_token(self.id.to_inner(), self.controller_of, permissions, ctx)
}

/// The cap's UID.
public fun id(self: &ControllerCap): &UID { &self.id }

/// The identity that the cap controls.
public fun controller_of(self: &ControllerCap): ID { self.controller_of }

public use fun token_id as DelegationToken.id;
public use fun token_controller_of as DelegationToken.controller_of;

/// The token's ID.
public fun token_id(self: &DelegationToken): ID { self.id.to_inner() }

/// The ID of the cap for which the token acts.
public fun controller(self: &DelegationToken): ID { self.controller }

/// The identity on which the token acts.
public fun token_controller_of(self: &DelegationToken): ID { self.controller_of }

public fun permissions(self: &DelegationToken): u32 { self.permissions }

public fun has_permission(self: &DelegationToken, permission: u32): bool {
    self.permissions & permission != 0
}

/// Aborts with `EInvalidPermissions` when the token lacks `permission`.
public fun assert_has_permission(self: &DelegationToken, permission: u32) {
    assert!(self.has_permission(permission), EInvalidPermissions)
}

/// Makes a controller and gives its cap to `owner`. Returns the cap's ID.
public(package) fun create(
    owner: address,
    can_delegate: bool,
    controller_of: ID,
    ctx: &mut TxContext,
): ID {
    let id = object::new(ctx);
    let cap_id = id.to_inner();
    let token = new_token(cap_id, controller_of, permissions::all(), ctx);
    let access_token = borrow::new(token, ctx);
    transfer::transfer(ControllerCap { id, controller_of, can_delegate, access_token }, owner);
    cap_id
}

public(package) fun destroy_cap(self: ControllerCap) {
    let ControllerCap { id, access_token, .. } = self;
    destroy_token(access_token.destroy());
    id.delete()
}

public(package) fun destroy_token(self: DelegationToken) {
    let DelegationToken { id, .. } = self;
    id.delete()
}

fun new_token(controller: ID, controller_of: ID, permissions: u32, ctx: &mut TxContext): DelegationToken {
    let token = DelegationToken { id: object::new(ctx), permissions, controller, controller_of };
    event::emit(NewDelegationTokenEvent { controller, token: token.id.to_inner(), permissions });
    token
}
