/// A value that several may control.
module identity::multicontroller;

use iota::object_bag::{Self, ObjectBag};
use iota::vec_map::{Self, VecMap};
use iota::vec_set::{Self, VecSet};

public struct Multicontroller<V> has store {
    threshold: u64,
    owner: ID,
    controllers: VecMap<ID, u64>,
    controlled_value: V,
    active_proposals: vector<ID>,
    proposals: ObjectBag,
    revoked_tokens: VecSet<ID>,
}

public(package) fun new<V>(controlled_value: V, owner: ID, controller: ID, ctx: &mut TxContext): Multicontroller<V> {
    let mut controllers = vec_map::empty();
    controllers.insert(controller, 1);
    Multicontroller {
        threshold: 1,
        owner,
        controllers,
        controlled_value,
        active_proposals: vector[],
        proposals: object_bag::new(ctx),
        revoked_tokens: vec_set::empty(),
    }
}

public(package) fun value_mut<V>(self: &mut Multicontroller<V>): &mut V { &mut self.controlled_value }
