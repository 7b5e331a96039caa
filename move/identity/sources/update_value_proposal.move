/// The proposal to put another value in place of a controlled one.
module identity::update_value_proposal;

use identity::controller::DelegationToken;
use identity::multicontroller::Multicontroller;

public struct UpdateValue<V: store> has drop, store {
    new_value: V,
}

/// Aborts as `multicontroller::create_proposal`.
public fun propose_update<V: store>(
    multicontroller: &mut Multicontroller<V>,
    token: &DelegationToken,
    new_value: V,
    expiration: Option<u64>,
    ctx: &mut TxContext,
): ID {
    multicontroller.create_proposal(token, UpdateValue { new_value }, expiration, ctx)
}

public(package) fun into_inner<V: store>(self: UpdateValue<V>): V {
    let UpdateValue { new_value } = self;
    new_value
}
