/// What identities refuse, and with which abort code.
#[test_only]
module identity::refusal_tests;

use identity::config_proposal;
use identity::controller::{Self, ControllerCap};
use identity::identity::{Self, Identity};
use identity::multicontroller;
use identity::permissions;
use identity::scenes;
use identity::update_value_proposal::UpdateValue;
use iota::vec_map::{Self, VecMap};

const NEVER: vector<u8> = b"DID never";

fun nobody(): VecMap<address, u64> { vec_map::empty() }

// === Creation ===

#[test, expected_failure(abort_code = identity::ENotADidDocument)]
fun new_with_controllers_refuses_what_is_no_document() {
    let (mut scenario, clock) = scenes::at_1000();
    identity::new_with_controllers(option::some(b"DIE"), scenes::both(), nobody(), 1, &clock, scenario.ctx());
    abort
}

#[test, expected_failure(abort_code = identity::EInvalidThreshold)]
fun new_with_controllers_refuses_a_threshold_of_zero() {
    let (mut scenario, clock) = scenes::at_1000();
    identity::new_with_controllers(option::none(), scenes::both(), nobody(), 0, &clock, scenario.ctx());
    abort
}

#[test, expected_failure(abort_code = identity::EInvalidControllersList)]
fun new_with_controllers_refuses_delegating_controllers_alone() {
    let (mut scenario, clock) = scenes::at_1000();
    identity::new_with_controllers(option::none(), nobody(), scenes::both(), 1, &clock, scenario.ctx());
    abort
}

#[test, expected_failure(abort_code = multicontroller::EInvalidThreshold)]
fun new_with_controllers_refuses_a_threshold_above_all_votes() {
    let (mut scenario, clock) = scenes::at_1000();
    identity::new_with_controllers(option::none(), scenes::both(), nobody(), 3, &clock, scenario.ctx());
    abort
}

// === Documents ===

#[test, expected_failure(abort_code = identity::ENotADidDocument)]
fun propose_update_refuses_what_is_no_document() {
    let (mut scenario, clock) = scenes::one_controller();
    scenes::propose(&mut scenario, &clock, option::some(b"D"), option::none());
    abort
}

#[test, expected_failure(abort_code = identity::EDeletedIdentity)]
fun propose_update_refuses_a_deleted_document() {
    let (mut scenario, clock) = scenes::one_controller();
    scenes::propose(&mut scenario, &clock, option::none(), option::none());
    scenario.next_tx(scenes::alice());
    scenes::propose(&mut scenario, &clock, option::some(NEVER), option::none());
    abort
}

#[test, expected_failure(abort_code = identity::EDeletedIdentity)]
fun execute_update_refuses_a_deleted_document() {
    let (mut scenario, clock) = scenes::two_controllers();
    let deletion = scenes::propose(&mut scenario, &clock, option::none(), option::none()).destroy_some();
    scenario.next_tx(scenes::alice());
    let update = scenes::propose(&mut scenario, &clock, option::some(NEVER), option::none()).destroy_some();
    scenario.next_tx(scenes::bob());
    let mut hand = scenes::take(&scenario);
    let (identity, token) = hand.parts();
    identity.approve_proposal<UpdateValue<Option<vector<u8>>>>(token, deletion);
    identity.approve_proposal<UpdateValue<Option<vector<u8>>>>(token, update);
    identity.execute_update(token, deletion, &clock, scenario.ctx());
    identity.execute_update(token, update, &clock, scenario.ctx());
    abort
}

// === Controllers and tokens ===

#[test, expected_failure(abort_code = multicontroller::EInvalidController)]
fun propose_update_refuses_the_cap_of_another_identity() {
    let (mut scenario, clock, first, second) = scenes::two_identities();
    let mut identity: Identity = scenario.take_shared_by_id(first);
    let mut caps = scenario.ids_for_sender<ControllerCap>();
    loop {
        let mut cap: ControllerCap = scenario.take_from_sender_by_id(caps.pop_back());
        if (cap.controller_of() == second) {
            let (token, _borrow) = cap.borrow();
            identity.propose_update(&token, option::some(NEVER), option::none(), &clock, scenario.ctx());
            abort
        };
        scenario.return_to_sender(cap)
    }
}

#[test, expected_failure(abort_code = multicontroller::EInvalidController)]
fun propose_update_refuses_a_revoked_token() {
    let (mut scenario, clock) = scenes::delegating_controller();
    let mut identity: Identity = scenario.take_shared();
    let cap: ControllerCap = scenario.take_from_sender();
    let token = cap.delegate(scenario.ctx());
    identity.revoke_token(&cap, token.id());
    identity.propose_update(&token, option::some(NEVER), option::none(), &clock, scenario.ctx());
    abort
}

#[test, expected_failure(abort_code = multicontroller::EInvalidController)]
fun destroy_controller_cap_refuses_the_cap_of_a_controller() {
    let (scenario, _clock) = scenes::one_controller();
    let mut identity: Identity = scenario.take_shared();
    identity.destroy_controller_cap(scenario.take_from_sender());
    abort
}

#[test, expected_failure(abort_code = controller::ECannotDelegate)]
fun delegate_refuses_a_controller_who_may_not() {
    let (mut scenario, _clock) = scenes::one_controller();
    let cap: ControllerCap = scenario.take_from_sender();
    let _token = cap.delegate(scenario.ctx());
    abort
}

#[test, expected_failure(abort_code = controller::EInvalidPermissions)]
fun propose_update_refuses_a_token_that_may_not() { with_token_without(permissions::can_create_proposal()) }

#[test, expected_failure(abort_code = controller::EInvalidPermissions)]
fun execute_proposal_refuses_a_token_that_may_not() { with_token_without(permissions::can_execute_proposal()) }

fun with_token_without(permission: u32) {
    let (mut scenario, clock) = scenes::delegating_controller();
    let mut identity: Identity = scenario.take_shared();
    let cap: ControllerCap = scenario.take_from_sender();
    let token = cap.delegate_with_permissions(permissions::not(permission), scenario.ctx());
    identity.propose_update(&token, option::some(NEVER), option::none(), &clock, scenario.ctx());
    abort
}

// === Votes ===

#[test, expected_failure(abort_code = multicontroller::EControllerAlreadyVoted)]
fun approve_proposal_refuses_a_second_vote() {
    let (mut scenario, clock) = scenes::two_controllers();
    let proposal = scenes::propose(&mut scenario, &clock, option::some(NEVER), option::none()).destroy_some();
    scenario.next_tx(scenes::alice());
    let mut hand = scenes::take(&scenario);
    let (identity, token) = hand.parts();
    identity.approve_proposal<UpdateValue<Option<vector<u8>>>>(token, proposal);
    abort
}

#[test, expected_failure(abort_code = multicontroller::EThresholdNotReached)]
fun execute_update_refuses_too_few_votes() {
    let (mut scenario, clock) = scenes::two_controllers();
    let proposal = scenes::propose(&mut scenario, &clock, option::some(NEVER), option::none()).destroy_some();
    scenario.next_tx(scenes::alice());
    let mut hand = scenes::take(&scenario);
    let (identity, token) = hand.parts();
    identity.execute_update(token, proposal, &clock, scenario.ctx());
    abort
}

#[test, expected_failure(abort_code = multicontroller::EExpiredProposal)]
fun execute_update_refuses_an_expired_proposal() {
    let (mut scenario, clock) = scenes::two_controllers();
    let proposal = scenes::propose(&mut scenario, &clock, option::some(NEVER), option::some(0)).destroy_some();
    scenario.next_epoch(scenes::bob());
    let mut hand = scenes::take(&scenario);
    let (identity, token) = hand.parts();
    identity.approve_proposal<UpdateValue<Option<vector<u8>>>>(token, proposal);
    identity.execute_update(token, proposal, &clock, scenario.ctx());
    abort
}

#[test, expected_failure(abort_code = multicontroller::EProposalNotFound)]
fun execute_update_refuses_an_unknown_proposal() {
    let (mut scenario, clock) = scenes::one_controller();
    let mut hand = scenes::take(&scenario);
    let (identity, token) = hand.parts();
    identity.execute_update(token, object::id_from_address(@0x77), &clock, scenario.ctx());
    abort
}

#[test, expected_failure(abort_code = multicontroller::ECannotDelete)]
fun delete_proposal_refuses_one_with_votes() {
    let (mut scenario, clock) = scenes::two_controllers();
    let proposal = scenes::propose(&mut scenario, &clock, option::some(NEVER), option::none()).destroy_some();
    scenario.next_tx(scenes::alice());
    let mut hand = scenes::take(&scenario);
    let (identity, token) = hand.parts();
    identity.delete_proposal<UpdateValue<Option<vector<u8>>>>(token, proposal, scenario.ctx());
    abort
}

// === Changes of control ===

#[test, expected_failure(abort_code = config_proposal::ENotMember)]
fun propose_config_change_refuses_to_remove_a_stranger() {
    let (mut scenario, _clock) = scenes::one_controller();
    let mut hand = scenes::take(&scenario);
    let (identity, token) = hand.parts();
    let strangers = vector[object::id_from_address(@0x77)];
    identity.propose_config_change(
        token, option::none(), option::none(), nobody(), strangers, vec_map::empty(), scenario.ctx(),
    );
    abort
}

#[test, expected_failure(abort_code = config_proposal::EInvalidThreshold)]
fun propose_config_change_refuses_a_threshold_out_of_reach() {
    let (mut scenario, _clock) = scenes::one_controller();
    let mut hand = scenes::take(&scenario);
    let (identity, token) = hand.parts();
    identity.propose_config_change(
        token, option::none(), option::some(2), nobody(), vector[], vec_map::empty(), scenario.ctx(),
    );
    abort
}

#[test, expected_failure(abort_code = config_proposal::EInvalidThreshold)]
fun propose_config_change_refuses_to_remove_the_last_controller() {
    let (mut scenario, _clock) = scenes::one_controller();
    let mut hand = scenes::take(&scenario);
    let (identity, token) = hand.parts();
    let all = identity.did_doc().controllers();
    identity.propose_config_change(
        token, option::none(), option::none(), nobody(), all, vec_map::empty(), scenario.ctx(),
    );
    abort
}

// === The end ===

#[test, expected_failure(abort_code = identity::ECannotDelete)]
fun delete_refuses_an_identity_that_lives() {
    let (scenario, _clock) = scenes::one_controller();
    scenario.take_shared<Identity>().delete();
    abort
}

#[test, expected_failure(abort_code = identity::EDeletedIdentity)]
fun propose_config_change_refuses_a_deleted_identity() {
    let (mut scenario, clock) = scenes::one_controller();
    let mut hand = scenes::take(&scenario);
    let (identity, token) = hand.parts();
    identity.propose_deletion(token, option::none(), &clock, scenario.ctx());
    identity.propose_config_change(
        token, option::none(), option::none(), nobody(), vector[], vec_map::empty(), scenario.ctx(),
    );
    abort
}
