/// The proposal to change who controls a value, with how many votes, and the threshold.
module identity::config_proposal;

use identity::controller::DelegationToken;
use identity::multicontroller::Multicontroller;
use iota::vec_map::VecMap;

/// One that is to be changed or removed is no controller.
const ENotMember: u64 = 0;
/// All votes together would not reach the threshold, or it would be zero.
const EInvalidThreshold: u64 = 1;

public struct Modify has drop, store {
    threshold: Option<u64>,
    controllers_to_add: VecMap<address, u64>,
    controllers_to_remove: vector<ID>,
    controllers_to_update: VecMap<ID, u64>,
}

/// Aborts with `ENotMember`, `EInvalidThreshold`, and as `multicontroller::create_proposal`.
public fun propose_modify<V>(
    multicontroller: &mut Multicontroller<V>,
    token: &DelegationToken,
    expiration: Option<u64>,
    threshold: Option<u64>,
    controllers_to_add: VecMap<address, u64>,
    controllers_to_remove: vector<ID>,
    controllers_to_update: VecMap<ID, u64>,
    ctx: &mut TxContext,
): ID {
    let present = multicontroller.controllers();
    controllers_to_update.keys().do!(|cap_id| assert!(present.contains(&cap_id), ENotMember));
    controllers_to_remove.do_ref!(|cap_id| assert!(present.contains(cap_id), ENotMember));
    let mut votes = 0;
    present.do!(|cap_id| {
        if (!controllers_to_remove.contains(&cap_id)) {
            let changed = controllers_to_update.try_get(&cap_id);
            votes = votes + changed.destroy_or!(multicontroller.voting_power(cap_id));
        }
    });
    let (_, added) = controllers_to_add.into_keys_values();
    votes = added.fold!(votes, |sum, one| sum + one);
    let threshold = threshold.destroy_or!(multicontroller.threshold());
    assert!(threshold > 0 && threshold <= votes, EInvalidThreshold);
    let action = Modify {
        threshold: option::some(threshold),
        controllers_to_add,
        controllers_to_remove,
        controllers_to_update,
    };
    multicontroller.create_proposal(token, action, expiration, ctx)
}

/// Aborts as `multicontroller::execute_proposal`, and with what it aborts when the controllers have changed meanwhile.
public(package) fun execute_modify<V>(
    multicontroller: &mut Multicontroller<V>,
    token: &DelegationToken,
    proposal_id: ID,
    ctx: &mut TxContext,
) {
    let action = multicontroller.execute_proposal(token, proposal_id, ctx);
    let Modify { threshold, controllers_to_add, controllers_to_remove, controllers_to_update } = action.unwrap();
    multicontroller.set_voting_powers(controllers_to_update);
    multicontroller.add_controllers(controllers_to_add, false, ctx);
    multicontroller.remove_controllers(controllers_to_remove);
    threshold.do!(|threshold| multicontroller.set_threshold(threshold));
}
