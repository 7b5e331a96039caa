/// What identities do.
#[test_only]
module identity::identity_tests;

use identity::config_proposal::Modify;
use identity::controller::{ControllerCap, DelegationToken};
use identity::delete_proposal::Delete;
use identity::identity::{Self, Identity};
use identity::permissions;
use identity::scenes;
use identity::update_value_proposal::UpdateValue;
use identity::utils;
use iota::test_scenario as ts;
use iota::test_utils::assert_eq;
use iota::vec_map;

fun document_of(identity: &Identity): Option<vector<u8>> { *identity.did_doc().value() }

#[test]
fun a_new_identity_has_the_document_and_one_controller() {
    let (scenario, clock) = scenes::one_controller();
    let identity: Identity = scenario.take_shared();
    let cap: ControllerCap = scenario.take_from_sender();
    assert_eq(document_of(&identity), option::some(scenes::document()));
    assert_eq(identity.created(), 1_000);
    assert_eq(identity.updated(), 1_000);
    assert_eq(identity.threshold(), 1);
    assert_eq(identity.did_doc().controllers(), vector[object::id(&cap)]);
    assert_eq(cap.controller_of(), identity.id().to_inner());
    assert!(identity.legacy_id().is_none() && !identity.deleted() && !identity.deleted_did());
    scenario.return_to_sender(cap);
    ts::return_shared(identity);
    clock.destroy_for_testing();
    scenario.end();
}

#[test]
fun one_controller_changes_the_document_at_once() {
    let (mut scenario, mut clock) = scenes::one_controller();
    clock.set_for_testing(2_000);
    let doc = option::some(b"DID two");
    assert!(scenes::propose(&mut scenario, &clock, doc, option::none()).is_none());
    // One event for the proposal's execution by its kind, one for the change.
    let effects = scenario.next_tx(scenes::alice());
    assert_eq(effects.num_user_events(), 2);
    let identity: Identity = scenario.take_shared();
    assert_eq(document_of(&identity), doc);
    assert_eq(identity.created(), 1_000);
    assert_eq(identity.updated(), 2_000);
    ts::return_shared(identity);
    clock.destroy_for_testing();
    scenario.end();
}

#[test]
fun an_empty_document_deactivates_and_can_be_replaced() {
    let (mut scenario, clock) = scenes::one_controller();
    scenes::propose(&mut scenario, &clock, option::some(b""), option::none());
    scenario.next_tx(scenes::alice());
    scenes::propose(&mut scenario, &clock, option::some(scenes::document()), option::none());
    scenario.next_tx(scenes::alice());
    let identity: Identity = scenario.take_shared();
    assert_eq(document_of(&identity), option::some(scenes::document()));
    ts::return_shared(identity);
    clock.destroy_for_testing();
    scenario.end();
}

#[test]
fun no_document_deletes_it() {
    let (mut scenario, clock) = scenes::one_controller();
    scenes::propose(&mut scenario, &clock, option::none(), option::none());
    scenario.next_tx(scenes::alice());
    let identity: Identity = scenario.take_shared();
    assert!(identity.deleted_did() && !identity.deleted());
    assert!(document_of(&identity).is_none());
    ts::return_shared(identity);
    clock.destroy_for_testing();
    scenario.end();
}

#[test]
fun two_controllers_must_agree() {
    let (mut scenario, mut clock) = scenes::two_controllers();
    let doc = option::some(b"DID two");
    let proposal = scenes::propose(&mut scenario, &clock, doc, option::some(3)).destroy_some();
    scenario.next_tx(scenes::bob());
    let mut hand = scenes::take(&scenario);
    let (identity, token) = hand.parts();
    assert_eq(document_of(identity), option::some(scenes::document()));
    identity.approve_proposal<UpdateValue<Option<vector<u8>>>>(token, proposal);
    hand.put_back(&scenario);
    // The proposal has its votes.
    let effects = scenario.next_tx(scenes::alice());
    assert_eq(effects.num_user_events(), 1);
    clock.set_for_testing(3_000);
    let mut hand = scenes::take(&scenario);
    let (identity, token) = hand.parts();
    identity.execute_update(token, proposal, &clock, scenario.ctx());
    assert_eq(document_of(identity), doc);
    assert_eq(identity.updated(), 3_000);
    hand.put_back(&scenario);
    clock.destroy_for_testing();
    scenario.end();
}

#[test]
fun a_controller_without_votes_can_propose_and_withdraw() {
    let (mut scenario, clock) = scenes::at_1000();
    let mut weights = scenes::only(scenes::alice(), 0);
    weights.insert(scenes::bob(), 1);
    identity::new_with_controllers(option::none(), weights, vec_map::empty(), 1, &clock, scenario.ctx());
    scenario.next_tx(scenes::alice());
    let proposal = scenes::propose(&mut scenario, &clock, option::some(b"DID two"), option::none()).destroy_some();
    scenario.next_tx(scenes::alice());
    let mut hand = scenes::take(&scenario);
    let (identity, token) = hand.parts();
    identity.delete_proposal<UpdateValue<Option<vector<u8>>>>(token, proposal, scenario.ctx());
    hand.put_back(&scenario);
    clock.destroy_for_testing();
    scenario.end();
}

#[test]
fun an_expired_proposal_can_be_deleted() {
    let (mut scenario, clock) = scenes::two_controllers();
    let proposal = scenes::propose(&mut scenario, &clock, option::some(b"DID two"), option::some(0)).destroy_some();
    scenario.next_epoch(scenes::alice());
    let mut hand = scenes::take(&scenario);
    let (identity, token) = hand.parts();
    identity.delete_proposal<UpdateValue<Option<vector<u8>>>>(token, proposal, scenario.ctx());
    hand.put_back(&scenario);
    clock.destroy_for_testing();
    scenario.end();
}

#[test]
fun controllers_votes_and_threshold_change() {
    let (mut scenario, clock) = scenes::one_controller();
    let mut hand = scenes::take(&scenario);
    let (identity, token) = hand.parts();
    let weights = utils::vec_map_from_keys_values(vector[token.controller()], vector[2]);
    let proposal = identity.propose_config_change(
        token,
        option::none(),
        option::some(3),
        scenes::only(scenes::bob(), 1),
        vector[],
        weights,
        scenario.ctx(),
    );
    assert!(proposal.is_none());
    assert_eq(identity.threshold(), 3);
    assert_eq(identity.did_doc().max_votes(), 3);
    assert_eq(identity.did_doc().voting_power(token.controller()), 2);
    hand.put_back(&scenario);
    // Bob has a cap, and both take Alice out again.
    scenario.next_tx(scenes::bob());
    let mut hand = scenes::take(&scenario);
    let (identity, token) = hand.parts();
    let others = identity.did_doc().controllers().filter!(|cap_id| cap_id != token.controller());
    let proposal = identity.propose_config_change(
        token,
        option::none(),
        option::some(1),
        vec_map::empty(),
        others,
        vec_map::empty(),
        scenario.ctx(),
    );
    hand.put_back(&scenario);
    scenario.next_tx(scenes::alice());
    let mut hand = scenes::take(&scenario);
    let (identity, token) = hand.parts();
    identity.approve_proposal<Modify>(token, *proposal.borrow());
    identity.execute_config_change(token, *proposal.borrow(), scenario.ctx());
    assert_eq(identity.did_doc().controllers().length(), 1);
    hand.put_back(&scenario);
    scenario.next_tx(scenes::alice());
    let mut identity: Identity = scenario.take_shared();
    identity.destroy_controller_cap(scenario.take_from_sender());
    ts::return_shared(identity);
    clock.destroy_for_testing();
    scenario.end();
}

#[test]
fun a_token_acts_for_its_controller_until_it_is_revoked() {
    let (mut scenario, clock) = scenes::delegating_controller();
    let mut identity: Identity = scenario.take_shared();
    let cap: ControllerCap = scenario.take_from_sender();
    let token = cap.delegate(scenario.ctx());
    assert_eq(token.permissions(), permissions::all());
    assert_eq(token.controller(), object::id(&cap));
    identity.propose_update(&token, option::some(b"DID by token"), option::none(), &clock, scenario.ctx());
    assert_eq(document_of(&identity), option::some(b"DID by token"));
    identity.revoke_token(&cap, token.id());
    identity.unrevoke_token(&cap, token.id());
    identity.propose_update(&token, option::some(b"DID again"), option::none(), &clock, scenario.ctx());
    identity.revoke_token(&cap, token.id());
    transfer::public_transfer(token, scenes::carol());
    scenario.return_to_sender(cap);
    scenario.next_tx(scenes::carol());
    let token: DelegationToken = scenario.take_from_sender();
    identity.destroy_delegation_token(token);
    ts::return_shared(identity);
    clock.destroy_for_testing();
    scenario.end();
}

#[test]
fun an_identity_is_deleted_with_its_caps() {
    let (mut scenario, clock) = scenes::two_controllers();
    let pending = scenes::propose(&mut scenario, &clock, option::some(b"DID two"), option::none()).destroy_some();
    scenario.next_tx(scenes::alice());
    let mut hand = scenes::take(&scenario);
    let (identity, token) = hand.parts();
    let deletion = identity.propose_deletion(token, option::none(), &clock, scenario.ctx()).destroy_some();
    hand.put_back(&scenario);
    scenario.next_tx(scenes::bob());
    let mut hand = scenes::take(&scenario);
    let (identity, token) = hand.parts();
    identity.approve_proposal<Delete>(token, deletion);
    identity.execute_deletion(token, deletion, &clock, scenario.ctx());
    assert!(identity.deleted() && document_of(identity).is_none());
    identity.delete_proposal<UpdateValue<Option<vector<u8>>>>(token, pending, scenario.ctx());
    hand.put_back(&scenario);
    scenario.next_tx(scenes::bob());
    let mut identity: Identity = scenario.take_shared();
    identity.destroy_controller_cap(scenario.take_from_sender());
    identity.destroy_controller_cap(scenario.take_from_address(scenes::alice()));
    identity.delete();
    clock.destroy_for_testing();
    scenario.end();
}

#[test]
fun a_deletion_of_one_controller_is_executed_at_once() {
    let (mut scenario, clock) = scenes::one_controller();
    let mut hand = scenes::take(&scenario);
    let (identity, token) = hand.parts();
    assert!(identity.propose_deletion(token, option::none(), &clock, scenario.ctx()).is_none());
    assert!(identity.deleted());
    hand.put_back(&scenario);
    clock.destroy_for_testing();
    scenario.end();
}

#[test]
fun creation_says_which_object_it_made() {
    let (mut scenario, clock) = scenes::at_1000();
    let id = identity::new(option::none(), &clock, scenario.ctx());
    scenario.next_tx(scenes::alice());
    let identity: Identity = scenario.take_shared_by_id(id);
    assert!(document_of(&identity).is_none());
    ts::return_shared(identity);
    clock.destroy_for_testing();
    scenario.end();
}
