/// What controls an identity.
module identity::controller;

use iota::borrow::{Self, Borrow, Referent};

public struct ControllerCap has key {
    id: UID,
    controller_of: ID,
    can_delegate: bool,
    access_token: Referent<DelegationToken>,
}

public struct DelegationToken has key, store {
    id: UID,
    permissions: u32,
    controller: ID,
    controller_of: ID,
}

public(package) fun new(controller_of: ID, ctx: &mut TxContext): ControllerCap {
    let id = object::new(ctx);
    let token = DelegationToken {
        id: object::new(ctx),
        permissions: 0xFFFF_FFFF,
        controller: id.to_inner(),
        controller_of,
    };
    ControllerCap { id, controller_of, can_delegate: true, access_token: borrow::new(token, ctx) }
}

public(package) fun give(cap: ControllerCap, owner: address) { transfer::transfer(cap, owner) }

public(package) fun controller_of(self: &DelegationToken): ID { self.controller_of }

/// Lends the token, within one transaction.
public fun borrow(self: &mut ControllerCap): (DelegationToken, Borrow) { self.access_token.borrow() }

/// Takes the token back.
public fun put_back(self: &mut ControllerCap, token: DelegationToken, borrow: Borrow) {
    self.access_token.put_back(token, borrow)
}
