/// What every function of the mailbox does, and every event that it emits.
#[test_only]
module wotid::mailbox_tests;

use iota::bcs;
use iota::coin::Coin;
use iota::event;
use iota::iota::IOTA;
use iota::test_scenario as ts;
use iota::test_utils::assert_eq;
use wotid::mailbox::{
    Self,
    MailboxClosed,
    MailboxCreated,
    MailboxObject,
    MailboxOwnerCap,
    MailboxRetired,
    MessageClaimed,
    MessageDeleted,
    MessageObject,
    MessageSent,
    MessageStored,
    MessageTaken,
    ObjectReceived,
    PrekeysPublished,
};
use wotid::scenes::{Self, Junk};

#[test]
fun create_shares_an_empty_mailbox_and_returns_its_cap() {
    let mut scenario = ts::begin(scenes::owner());
    let cap = mailbox::create(scenario.ctx());
    let mailbox_id = cap.mailbox_id();
    scenes::assert_events<MailboxCreated>(vector[scenes::ids(vector[mailbox_id, object::id(&cap)])]);
    transfer::public_transfer(cap, scenes::owner());
    let effects = scenario.next_tx(scenes::owner());
    assert_eq(effects.shared(), vector[mailbox_id]);
    assert_eq(effects.created().length(), 2);
    assert_eq(effects.num_user_events(), 1);

    let (mailbox, cap) = scenes::open(&scenario);
    assert_eq(mailbox.next_index(), 0);
    assert_eq(mailbox.stored(), 0);
    assert_eq(mailbox.prekeys_number(), 0);
    assert_eq(mailbox.prekeys(), option::none());
    assert_eq(mailbox.is_retired(), false);
    assert_eq(mailbox.retired_epoch(), option::none());
    assert_eq(mailbox.has_message(0), false);
    // 32 bytes of id, three numbers, and an option that is absent.
    let mut layout = object::id(&mailbox).to_bytes();
    layout.append(scenes::bytes(25, 0));
    assert_eq(bcs::to_bytes(&mailbox), layout);
    assert_eq(bcs::to_bytes(&cap), scenes::ids(vector[object::id(&cap), mailbox_id]));
    scenes::shut(&scenario, mailbox, cap);
    scenario.end();
}

#[test]
fun limits_are_those_of_the_design() {
    assert_eq(mailbox::max_chunk_bytes(), 16 * 1024);
    assert_eq(mailbox::max_payload_bytes(), 7 * 16 * 1024);
    assert_eq(mailbox::max_prekeys_bytes(), 16 * 1024);
    assert_eq(mailbox::retirement_epochs(), 30);
}

#[test]
fun a_message_is_its_id_and_its_payload() {
    let mut scenario = ts::begin(scenes::stranger());
    let mut message = mailbox::new_message(b"", scenario.ctx());
    assert_eq(*message.payload(), b"");
    message.append(b"ab");
    message.append(b"");
    message.append(b"c");
    assert_eq(*message.payload(), b"abc");
    let mut layout = object::id(&message).to_bytes();
    layout.append(x"03616263");
    assert_eq(bcs::to_bytes(&message), layout);
    assert_eq(event::num_events(), 0);
    let message_id = object::id(&message);
    message.delete_message();
    scenes::assert_events<MessageDeleted>(vector[scenes::ids(vector[message_id])]);
    scenario.end();
}

#[test]
fun a_payload_takes_seven_full_pieces() {
    let mut scenario = ts::begin(scenes::stranger());
    let mut message = mailbox::new_message(scenes::bytes(16_384, 1), scenario.ctx());
    6u64.do!(|_| message.append(scenes::bytes(16_384, 2)));
    assert_eq(message.payload().length(), 114_688);
    assert_eq(message.payload()[16_383], 1);
    assert_eq(message.payload()[16_384], 2);
    message.append(b"");
    message.delete_message();
    scenario.end();
}

#[test]
fun send_message_transfers_it_to_the_mailbox() {
    let mut scenario = scenes::one_mailbox();
    let (mailbox, cap) = scenes::open(&scenario);
    let mailbox_id = cap.mailbox_id();
    scenes::shut(&scenario, mailbox, cap);

    scenario.next_tx(scenes::stranger());
    mailbox::send_message(mailbox_id, b"hello", scenario.ctx());
    let message_id = scenario.ctx().last_created_object_id().to_id();
    scenes::assert_events<MessageSent>(vector[scenes::ids(vector[mailbox_id, message_id])]);
    let effects = scenario.next_tx(scenes::owner());
    let owners = effects.transferred_to_account();
    assert_eq(owners.size(), 1);
    assert_eq(*owners.get(&message_id), mailbox_id.to_address());
    assert_eq(ts::receivable_object_ids_for_owner_id<MessageObject>(mailbox_id), vector[message_id]);
    scenario.end();
}

#[test]
fun post_message_transfers_a_message_of_several_pieces() {
    let mut scenario = scenes::one_mailbox();
    let (mailbox, cap) = scenes::open(&scenario);
    let mut message = mailbox::new_message(b"one", scenario.ctx());
    message.append(b"two");
    let message_id = object::id(&message);
    message.post_message(cap.mailbox_id());
    scenes::assert_events<MessageSent>(vector[scenes::ids(vector[cap.mailbox_id(), message_id])]);
    scenes::shut(&scenario, mailbox, cap);

    scenario.next_tx(scenes::owner());
    let (mut mailbox, cap) = scenes::open(&scenario);
    let claimed = mailbox.claim_message(&cap, ts::receiving_ticket_by_id(message_id));
    assert_eq(*claimed.payload(), b"onetwo");
    claimed.delete_message();
    scenes::shut(&scenario, mailbox, cap);
    scenario.end();
}

#[test]
fun claim_message_returns_what_was_sent() {
    let (mut scenario, mailbox_id, _) = scenes::two_mailboxes();
    let message_id = scenes::sent(&mut scenario, mailbox_id, b"hello");
    let (mut mailbox, cap) = scenes::take(&scenario, mailbox_id, mailbox_id);
    let message = mailbox.claim_message(&cap, ts::receiving_ticket_by_id(message_id));
    assert_eq(object::id(&message), message_id);
    assert_eq(*message.payload(), b"hello");
    scenes::assert_events<MessageClaimed>(vector[scenes::ids(vector[mailbox_id, message_id])]);
    assert_eq(mailbox.next_index(), 0);
    assert_eq(mailbox.stored(), 0);
    transfer::public_transfer(message, scenes::stranger());
    scenes::shut(&scenario, mailbox, cap);
    scenario.end();
}

#[test]
fun claim_and_delete_leaves_nothing() {
    let mut scenario = scenes::one_mailbox();
    let (mailbox, cap) = scenes::open(&scenario);
    let mailbox_id = cap.mailbox_id();
    scenes::shut(&scenario, mailbox, cap);
    let message_id = scenes::sent(&mut scenario, mailbox_id, b"hello");
    let (mut mailbox, cap) = scenes::open(&scenario);
    mailbox.claim_and_delete(&cap, ts::receiving_ticket_by_id(message_id));
    scenes::assert_events<MessageClaimed>(vector[scenes::ids(vector[mailbox_id, message_id])]);
    scenes::assert_events<MessageDeleted>(vector[scenes::ids(vector[message_id])]);
    scenes::shut(&scenario, mailbox, cap);
    let effects = scenario.next_tx(scenes::owner());
    assert_eq(effects.deleted(), vector[message_id]);
    assert_eq(ts::receivable_object_ids_for_owner_id<MessageObject>(mailbox_id), vector[]);
    scenario.end();
}

#[test]
fun many_messages_are_claimed_in_one_transaction_in_any_order() {
    let mut scenario = scenes::one_mailbox();
    let (mailbox, cap) = scenes::open(&scenario);
    let mailbox_id = cap.mailbox_id();
    scenes::shut(&scenario, mailbox, cap);
    let first = scenes::sent(&mut scenario, mailbox_id, b"first");
    let second = scenes::sent(&mut scenario, mailbox_id, b"second");
    let third = scenes::sent(&mut scenario, mailbox_id, b"third");

    let (mut mailbox, cap) = scenes::open(&scenario);
    assert_eq(mailbox.claim_and_store(&cap, ts::receiving_ticket_by_id(third)), 0);
    mailbox.claim_and_delete(&cap, ts::receiving_ticket_by_id(first));
    assert_eq(mailbox.claim_and_store(&cap, ts::receiving_ticket_by_id(second)), 1);
    scenes::assert_events<MessageClaimed>(vector[
        scenes::ids(vector[mailbox_id, third]),
        scenes::ids(vector[mailbox_id, first]),
        scenes::ids(vector[mailbox_id, second]),
    ]);
    scenes::assert_events<MessageStored>(vector[
        scenes::ids_and_number(vector[mailbox_id, third], 0),
        scenes::ids_and_number(vector[mailbox_id, second], 1),
    ]);
    assert_eq(*mailbox.stored_message(0).payload(), b"third");
    assert_eq(*mailbox.stored_message(1).payload(), b"second");
    scenes::shut(&scenario, mailbox, cap);
    scenario.end();
}

#[test]
fun a_ticket_may_stay_unused() {
    let mut scenario = scenes::one_mailbox();
    let (mailbox, cap) = scenes::open(&scenario);
    let mailbox_id = cap.mailbox_id();
    scenes::shut(&scenario, mailbox, cap);
    let message_id = scenes::sent(&mut scenario, mailbox_id, b"hello");
    let ticket = ts::most_recent_receiving_ticket<MessageObject>(&mailbox_id);
    assert_eq(transfer::receiving_object_id(&ticket), message_id);
    ts::return_receiving_ticket(ticket);
    scenario.next_tx(scenes::owner());
    assert_eq(ts::receivable_object_ids_for_owner_id<MessageObject>(mailbox_id), vector[message_id]);
    scenario.end();
}

#[test]
fun stored_messages_keep_their_numbers() {
    let mut scenario = scenes::one_mailbox();
    let (mut mailbox, cap) = scenes::open(&scenario);
    let mailbox_id = cap.mailbox_id();
    let mut ids = vector[];
    3u64.do!(|i| {
        let message = mailbox::new_message(vector[i as u8], scenario.ctx());
        ids.push_back(object::id(&message));
        assert_eq(mailbox.store_message(&cap, message), i);
    });
    scenes::assert_events<MessageStored>(vector[
        scenes::ids_and_number(vector[mailbox_id, ids[0]], 0),
        scenes::ids_and_number(vector[mailbox_id, ids[1]], 1),
        scenes::ids_and_number(vector[mailbox_id, ids[2]], 2),
    ]);
    assert_eq(mailbox.next_index(), 3);
    assert_eq(mailbox.stored(), 3);

    let taken = mailbox.take_message(&cap, 1);
    assert_eq(object::id(&taken), ids[1]);
    assert_eq(*taken.payload(), vector[1]);
    scenes::assert_events<MessageTaken>(vector[scenes::ids_and_number(vector[mailbox_id, ids[1]], 1)]);
    assert_eq(mailbox.has_message(0), true);
    assert_eq(mailbox.has_message(1), false);
    assert_eq(mailbox.has_message(2), true);
    assert_eq(mailbox.stored(), 2);

    // A number is never used twice, not even for the same message.
    assert_eq(mailbox.store_message(&cap, taken), 3);
    assert_eq(mailbox.next_index(), 4);
    assert_eq(mailbox.stored(), 3);
    assert_eq(*mailbox.stored_message(3).payload(), vector[1]);
    scenes::shut(&scenario, mailbox, cap);
    scenario.end();
}

#[test]
fun a_stored_message_keeps_its_id() {
    let mut scenario = scenes::one_mailbox();
    let (mut mailbox, cap) = scenes::open(&scenario);
    let message = mailbox::new_message(b"kept", scenario.ctx());
    let message_id = object::id(&message);
    mailbox.store_message(&cap, message);
    scenes::shut(&scenario, mailbox, cap);
    scenario.next_tx(scenes::owner());
    let (mailbox, cap) = scenes::open(&scenario);
    assert_eq(object::id(mailbox.stored_message(0)), message_id);
    scenes::shut(&scenario, mailbox, cap);
    scenario.end();
}

#[test]
fun delete_stored_leaves_nothing() {
    let mut scenario = scenes::one_mailbox();
    let (mailbox, cap) = scenes::open(&scenario);
    let mailbox_id = cap.mailbox_id();
    scenes::shut(&scenario, mailbox, cap);
    let message_id = scenes::stored(&mut scenario, mailbox_id, b"kept");
    let (mut mailbox, cap) = scenes::open(&scenario);
    mailbox.delete_stored(&cap, 0);
    scenes::assert_events<MessageTaken>(vector[scenes::ids_and_number(vector[mailbox_id, message_id], 0)]);
    scenes::assert_events<MessageDeleted>(vector[scenes::ids(vector[message_id])]);
    assert_eq(mailbox.stored(), 0);
    assert_eq(mailbox.next_index(), 1);
    scenes::shut(&scenario, mailbox, cap);
    let effects = scenario.next_tx(scenes::owner());
    assert!(effects.deleted().contains(&message_id));
    scenario.end();
}

#[test]
fun receive_other_gets_coins_out() {
    let mut scenario = scenes::one_mailbox();
    let (mailbox, cap) = scenes::open(&scenario);
    let mailbox_id = cap.mailbox_id();
    scenes::shut(&scenario, mailbox, cap);
    let coin_id = scenes::sent_coin(&mut scenario, mailbox_id, 1_500);
    let (mut mailbox, cap) = scenes::open(&scenario);
    let coin: Coin<IOTA> = mailbox.receive_other(&cap, ts::receiving_ticket_by_id(coin_id));
    assert_eq(coin.burn_for_testing(), 1_500);
    scenes::assert_events<ObjectReceived>(vector[scenes::ids(vector[mailbox_id, coin_id])]);
    scenes::shut(&scenario, mailbox, cap);
    scenario.end();
}

#[test]
fun receive_other_gets_any_object_out_and_leaves_messages() {
    let mut scenario = scenes::one_mailbox();
    let (mailbox, cap) = scenes::open(&scenario);
    let mailbox_id = cap.mailbox_id();
    scenes::shut(&scenario, mailbox, cap);
    let message_id = scenes::sent(&mut scenario, mailbox_id, b"hello");
    let junk_id = scenes::sent_junk(&mut scenario, mailbox_id, 77);
    assert_eq(ts::receivable_object_ids_for_owner_id<MessageObject>(mailbox_id), vector[message_id]);
    let (mut mailbox, cap) = scenes::open(&scenario);
    let junk: Junk = mailbox.receive_other(&cap, ts::receiving_ticket_by_id(junk_id));
    assert_eq(scenes::weigh(junk), 77);
    scenes::assert_events<ObjectReceived>(vector[scenes::ids(vector[mailbox_id, junk_id])]);
    scenes::shut(&scenario, mailbox, cap);
    scenario.next_tx(scenes::owner());
    assert_eq(ts::receivable_object_ids_for_owner_id<MessageObject>(mailbox_id), vector[message_id]);
    scenario.end();
}

#[test]
fun the_cap_of_another_mailbox_can_be_received_and_used() {
    let (mut scenario, first_id, second_id) = scenes::two_mailboxes();
    let (second, cap) = scenes::take(&scenario, second_id, second_id);
    let cap_id = object::id(&cap);
    transfer::public_transfer(cap, first_id.to_address());
    ts::return_shared(second);
    scenario.next_tx(scenes::owner());
    let (mut first, first_cap) = scenes::take(&scenario, first_id, first_id);
    let cap: MailboxOwnerCap = first.receive_other(&first_cap, ts::receiving_ticket_by_id(cap_id));
    let mut second: MailboxObject = scenario.take_shared_by_id(second_id);
    second.retire(&cap, scenario.ctx());
    scenario.return_to_sender(first_cap);
    transfer::public_transfer(cap, scenes::owner());
    ts::return_shared(first);
    ts::return_shared(second);
    scenario.end();
}

#[test]
fun prekeys_replace_those_before() {
    let scenario = scenes::one_mailbox();
    let (mut mailbox, cap) = scenes::open(&scenario);
    let mailbox_id = cap.mailbox_id();
    mailbox.publish_prekeys(&cap, 1, b"first");
    assert_eq(mailbox.prekeys(), option::some(b"first"));
    assert_eq(mailbox.prekeys_number(), 1);
    mailbox.publish_prekeys(&cap, 2, scenes::bytes(16_384, 9));
    assert_eq(mailbox.prekeys(), option::some(scenes::bytes(16_384, 9)));
    mailbox.publish_prekeys(&cap, 3, b"");
    assert_eq(mailbox.prekeys(), option::some(b""));
    assert_eq(mailbox.prekeys_number(), 3);
    scenes::assert_events<PrekeysPublished>(vector[
        scenes::ids_and_number(vector[mailbox_id], 1),
        scenes::ids_and_number(vector[mailbox_id], 2),
        scenes::ids_and_number(vector[mailbox_id], 3),
    ]);
    scenes::shut(&scenario, mailbox, cap);
    scenario.end();
}

#[test]
fun prekeys_survive_and_are_not_in_the_mailbox_itself() {
    let mut scenario = scenes::one_mailbox();
    let (mut mailbox, cap) = scenes::open(&scenario);
    mailbox.publish_prekeys(&cap, 1, b"keys");
    // id, next_index, stored, prekeys_number = 1, no retirement.
    let mut layout = object::id(&mailbox).to_bytes();
    layout.append(x"00000000000000000000000000000000010000000000000000");
    assert_eq(bcs::to_bytes(&mailbox), layout);
    scenes::shut(&scenario, mailbox, cap);
    scenario.next_tx(scenes::owner());
    let (mailbox, cap) = scenes::open(&scenario);
    assert_eq(mailbox.prekeys(), option::some(b"keys"));
    scenes::shut(&scenario, mailbox, cap);
    scenario.end();
}

#[test]
fun retire_stamps_the_epoch_and_claims_go_on() {
    let mut scenario = scenes::one_mailbox();
    let (mailbox, cap) = scenes::open(&scenario);
    let mailbox_id = cap.mailbox_id();
    scenes::shut(&scenario, mailbox, cap);
    scenes::wait(&mut scenario, 5);
    let (mut mailbox, cap) = scenes::open(&scenario);
    mailbox.retire(&cap, scenario.ctx());
    assert_eq(mailbox.is_retired(), true);
    assert_eq(mailbox.retired_epoch(), option::some(5));
    scenes::assert_events<MailboxRetired>(vector[scenes::ids_and_number(vector[mailbox_id], 5)]);
    scenes::shut(&scenario, mailbox, cap);

    let late = scenes::sent(&mut scenario, mailbox_id, b"late");
    let (mut mailbox, cap) = scenes::open(&scenario);
    let message = mailbox.claim_message(&cap, ts::receiving_ticket_by_id(late));
    assert_eq(*message.payload(), b"late");
    message.delete_message();
    scenes::shut(&scenario, mailbox, cap);
    scenario.end();
}

#[test]
fun close_after_thirty_epochs_deletes_mailbox_and_cap() {
    let mut scenario = scenes::one_mailbox();
    let (mut mailbox, cap) = scenes::open(&scenario);
    let (mailbox_id, cap_id) = (cap.mailbox_id(), object::id(&cap));
    mailbox.publish_prekeys(&cap, 1, b"keys");
    mailbox.retire(&cap, scenario.ctx());
    scenes::shut(&scenario, mailbox, cap);
    scenes::wait(&mut scenario, 30);
    let (mailbox, cap) = scenes::open(&scenario);
    mailbox.close(cap, scenario.ctx());
    scenes::assert_events<MailboxClosed>(vector[scenes::ids(vector[mailbox_id])]);
    let effects = scenario.end();
    assert!(effects.deleted().contains(&mailbox_id));
    assert!(effects.deleted().contains(&cap_id));
    // The field with the prekeys too, so that its deposit comes back.
    assert_eq(effects.deleted().length(), 3);
}

#[test]
fun a_mailbox_that_stored_and_emptied_can_be_closed() {
    let mut scenario = scenes::one_mailbox();
    let (mailbox, cap) = scenes::open(&scenario);
    let mailbox_id = cap.mailbox_id();
    scenes::shut(&scenario, mailbox, cap);
    scenes::stored(&mut scenario, mailbox_id, b"kept");
    let (mut mailbox, cap) = scenes::open(&scenario);
    mailbox.delete_stored(&cap, 0);
    mailbox.retire(&cap, scenario.ctx());
    scenes::shut(&scenario, mailbox, cap);
    scenes::wait(&mut scenario, 31);
    let (mailbox, cap) = scenes::open(&scenario);
    mailbox.close(cap, scenario.ctx());
    scenario.end();
}

#[test]
fun the_cap_makes_the_owner() {
    let mut scenario = scenes::one_mailbox();
    let (mailbox, cap) = scenes::open(&scenario);
    let mailbox_id = cap.mailbox_id();
    transfer::public_transfer(cap, @0xCA401);
    ts::return_shared(mailbox);
    let message_id = scenes::sent(&mut scenario, mailbox_id, b"moved");
    scenario.next_tx(@0xCA401);
    let (mut mailbox, cap) = scenes::open(&scenario);
    mailbox.claim_and_delete(&cap, ts::receiving_ticket_by_id(message_id));
    scenes::shut(&scenario, mailbox, cap);
    scenario.end();
}
